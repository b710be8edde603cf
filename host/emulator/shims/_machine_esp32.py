# ruff: noqa: F821  (the build puts in what is not defined here)
# machine as on the ESP32: thin classes, the peripherals are on the host.
from _machine_bus import I2C, SoftI2C  # noqa: F401
from _machine_serial import SPI, UART, SoftSPI  # noqa: F401
from _port import port
from uctypes import addressof
from umachine import PinBase as _PinBase
from umachine import Signal, idle, mem8, mem16, mem32, time_pulse_us  # noqa: F401
from utime import ticks_diff, ticks_ms

import host as _host

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5
SLEEP = 2
DEEPSLEEP = 4
PIN_WAKE = 2
EXT0_WAKE = 2
EXT1_WAKE = 3
TIMER_WAKE = 4
TOUCHPAD_WAKE = 5
ULP_WAKE = 6

_KEEP = const(255)
_pins = {}


class _IRQ:
    def __init__(self, pin):
        self._pin = pin
        self._trigger = 0

    def trigger(self, trigger=None):
        before = self._trigger
        if trigger is not None:
            self._set(trigger)
        return before

    def _set(self, trigger):
        self._trigger = trigger
        pin = self._pin
        handler = pin._handler
        port(trigger, OP_PUSH)
        port(id(handler) if handler else 0, OP_PUSH)
        port(id(pin), OP_PUSH)
        port(pin._id, OP_PIN_IRQ)

    def __call__(self):
        self._pin._handler(self._pin)

    def __repr__(self):
        return "<IRQ>"


class Pin(_PinBase):
    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5
    DRIVE_0 = 0
    DRIVE_1 = 1
    DRIVE_2 = 2
    DRIVE_3 = 3

    def __new__(cls, id, *args, **kwargs):
        if isinstance(id, Pin):
            return id
        pin = _pins.get(id)
        if pin is None:
            try:
                port(id, OP_PIN_CHECK)
            except (OSError, TypeError, OverflowError):
                raise ValueError("invalid pin")
            pin = object.__new__(cls)
            pin._id = id
            pin._handler = None
            pin._irq = None
            _pins[id] = pin
        return pin

    def __init__(self, id, *args, **kwargs):
        if args or kwargs:
            self.init(*args, **kwargs)

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        if value is not None:
            port(self._id * 2 + (1 if value else 0), OP_PIN_SET)
        port(_KEEP if mode is None or mode < 0 else mode, OP_PUSH)
        port(0 if pull is None else _KEEP if pull < 0 else pull, OP_PUSH)
        try:
            port(self._id, OP_PIN_INIT)
        except OSError:
            raise ValueError("pin can only be input")

    def value(self, x=None):
        if x is None:
            return port(self._id, OP_PIN_GET)
        port(self._id * 2 + (1 if x else 0), OP_PIN_SET)

    __call__ = value

    def on(self):
        port(self._id * 2 + 1, OP_PIN_SET)

    def off(self):
        port(self._id * 2, OP_PIN_SET)

    def toggle(self):
        self.value(not self.value())

    def irq(self, handler=None, trigger=3, wake=None, hard=False):
        if self._irq is None:
            self._irq = _IRQ(self)
        self._handler = handler
        self._irq._set(trigger if handler else 0)
        return self._irq

    def __repr__(self):
        return "Pin(%d)" % self._id


class _Board:
    pass


Pin.board = _Board


class ADC:
    ATTN_0DB = 0
    ATTN_2_5DB = 1
    ATTN_6DB = 2
    ATTN_11DB = 3
    WIDTH_9BIT = 9
    WIDTH_10BIT = 10
    WIDTH_11BIT = 11
    WIDTH_12BIT = 12
    _FULL_UV = (950000, 1250000, 1750000, 2450000)

    def __init__(self, pin, *, atten=0):
        self._pin = Pin(pin)
        try:
            port(self._pin._id, OP_ADC_READ_UV)
        except OSError:
            raise ValueError("invalid pin")
        self._atten = atten
        self._width = 12

    def init(self, *, atten=0):
        self._atten = atten

    def atten(self, atten):
        self._atten = atten

    def width(self, width):
        self._width = width

    def block(self):
        return ADCBlock(1)

    def read_uv(self):
        return min(port(self._pin._id, OP_ADC_READ_UV), self._FULL_UV[self._atten])

    def read_u16(self):
        return self.read_uv() * 65535 // self._FULL_UV[self._atten]

    def read(self):
        return self.read_u16() >> (16 - self._width)

    def __repr__(self):
        return "ADC(%r, atten=%d)" % (self._pin, self._atten)


class PWM:
    def __init__(self, pin, *, freq=5000, duty=None, duty_u16=None, duty_ns=None, invert=0):
        self._pin = Pin(pin)
        self._freq = 0
        self._duty = 32768
        self._invert = 0
        self.init(freq=freq, duty=duty, duty_u16=duty_u16, duty_ns=duty_ns, invert=invert)

    def init(self, *, freq=None, duty=None, duty_u16=None, duty_ns=None, invert=None):
        if invert is not None:
            self._invert = 65535 if invert else 0
        if freq is not None:
            if not 1 <= freq <= 40000000:
                raise ValueError("frequency must be from 1Hz to 40MHz")
            self._freq = freq
        if duty is not None:
            if not 0 <= duty <= 1023:
                raise ValueError("duty must be from 0 to 1023")
            duty_u16 = duty * 64
        if duty_ns is not None:
            duty_u16 = min(65535, duty_ns * self._freq * 65536 // 1000000000)
        if duty_u16 is not None:
            if not 0 <= duty_u16 <= 65535:
                raise ValueError("duty_u16 must be from 0 to 65535")
            self._duty = duty_u16
        port(self._freq, OP_PUSH)
        port(self._duty ^ self._invert, OP_PUSH)
        port(self._pin._id, OP_PWM_SET)

    def freq(self, value=None):
        if value is None:
            return self._freq
        self.init(freq=value)

    def duty(self, value=None):
        if value is None:
            return self._duty // 64
        self.init(duty=value)

    def duty_u16(self, value=None):
        if value is None:
            return self._duty
        self.init(duty_u16=value)

    def duty_ns(self, value=None):
        if value is None:
            return self._duty * 1000000000 // 65536 // self._freq
        self.init(duty_ns=value)

    def deinit(self):
        port(0, OP_PUSH)
        port(0, OP_PUSH)
        port(self._pin._id, OP_PWM_SET)

    def __repr__(self):
        return "PWM(%r, freq=%d, duty_u16=%d)" % (self._pin, self._freq, self._duty)


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1
    _running = {}  # keeps callbacks alive while only the host knows them

    def __init__(self, id, **settings):
        self._id = id & 3  # the chip has four, and counts round
        self._number = 0
        self._mode = 0
        self._period = 0
        if settings:
            self.init(**settings)

    def init(self, *, mode=1, freq=-1, period=-1, tick_hz=1000, callback=None, hard=False):
        self.deinit()
        us = int(1000000 / freq) if freq > 0 else period * 1000000 // tick_hz
        self._mode = mode
        self._period = us // 1000
        self._began = ticks_ms()
        self._callback = callback
        port(mode, OP_PUSH)
        port(id(callback) if callback else 0, OP_PUSH)
        port(id(self), OP_PUSH)
        port(us % 1000, OP_PUSH)
        self._number = port(us // 1000, OP_TIMER_START)
        Timer._running[self._id] = self

    def value(self):
        if not self._number:
            return 0
        passed = ticks_diff(ticks_ms(), self._began)
        return passed % self._period if self._mode else min(passed, self._period)

    def deinit(self):
        if self._number:
            port(self._number, OP_TIMER_STOP)
            self._number = 0
            Timer._running.pop(self._id, None)

    def __repr__(self):
        mode = "PERIODIC" if self._mode else "ONE_SHOT"
        return "Timer(%d, mode=%s, period=%d)" % (self._id, mode, self._period)


class WDT:
    def __init__(self, id=0, timeout=5000):
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        port(timeout, OP_WDT_START)

    def feed(self):
        port(0, OP_WDT_FEED)


class RTC:
    def datetime(self, when=None):
        import time

        if when is None:
            t = time.gmtime()
            return (t[0], t[1], t[2], t[6], t[3], t[4], t[5], port(0, OP_TIME_US))
        y, mo, d, _, h, mi, s = when[:7]
        port(time.mktime((y, mo, d, h, mi, s, 0, 0)), OP_RTC_SET)

    def init(self, when):
        self.datetime(when)

    def memory(self, data=None):
        if data is None:
            data = bytearray(port(0, OP_RTC_MEMORY))
            if data:
                port(addressof(data), OP_RTC_MEMORY)
            return bytes(data)
        data = bytes(data)
        if len(data) > 2048:
            raise ValueError("buffer too long")
        port(len(data), OP_PUSH)
        port(addressof(data), OP_RTC_MEMORY)


def reset():
    port(HARD_RESET, OP_RESET)


def soft_reset():
    port(SOFT_RESET, OP_RESET)


def reset_cause():
    return port(0, OP_RESET_CAUSE)


def unique_id():
    return bytes.fromhex(_host.call("about", "mac"))


def freq(hz=None):
    if hz is None:
        return 160000000


def lightsleep(ms=0):
    port(ms, OP_SLEEP)


sleep = lightsleep


def deepsleep(ms=0):
    port(ms, OP_SLEEP_DEEP)


def wake_reason():
    return port(0, OP_WAKE_REASON)


class _NotEmulated:
    def __init__(self, *_, **__):
        raise NotImplementedError("machine." + type(self).__name__ + " is not emulated")


class ADCBlock(_NotEmulated):
    pass


class DAC(_NotEmulated):
    pass


class I2S(_NotEmulated):
    RX = 1
    TX = 2
    MONO = 0
    STEREO = 1


class SDCard(_NotEmulated):
    pass


class TouchPad(_NotEmulated):
    pass


def bitstream(pin, encoding, timing, data):
    port(addressof(data), OP_PUSH)
    port(len(data), OP_PUSH)
    port(pin._id, OP_PIXELS_SEND)


def dht_readinto(pin, data):
    import time

    pin.init(Pin.OPEN_DRAIN, value=1)
    time.sleep_ms(268)  # 250 to settle, 18 of the start signal
    port(addressof(data), OP_PUSH)
    port(pin._id, OP_DHT_FRAME)


def disable_irq():
    return 0


def enable_irq(state):
    pass
