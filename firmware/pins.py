"""Pins: which ones the board file lets anyone use, what is wired to them, what must hold for it.

A pin is an input, an output, an output that pulses (PWM), or lent to a sensor or a bus. A thing,
"the pump" on gpio 5, is {"kind", "pin"} and its options:
    inverted      true: 0 switches it on
    safe          0 or 1, what it is set to when the board starts
    max_on_s      it is switched off after so long
    min_off_s     it stays off at least so long, after a start too
    not_with      the name of a thing that must be off while this one is on
    unit          of what it measures, for people
A pin is switched on so many times a minute and no more. Nothing ever keeps one from going off.
"""

import json

from machine import ADC, PWM, RTC, Pin
from micropython import const

from firmware.clock import Alarm

_IDLE_MS = const(3600000)
_RETRY_MS = const(1000)
_WINDOW_MS = const(59500)  # a minute, less the jitter of a rule that fires each second
_PINS = const(64)
_MANY = const(255)  # the most that is counted: a limit beyond is none
_KINDS = ("usable", "outputs", "adc")  # of pins, by what is needed of them


class Pins:
    """The pins of one board. things: name -> what is wired to a pin.

    app.board: what /board.json holds: "chip" and the pins of each kind; "forbidden" stays there.
    Raises ValueError for a pin that must not be used so; the text says why and which can be.
    """

    def __init__(self, app):
        self._app = app
        self.things = app.store.load("devices", {})
        self._driven = {}  # GPIO number of an output -> None, or (PWM, 1 if on) if it pulses
        self._since = {}  # GPIO number -> (1 if on, uptime in ms when it was switched)
        self._changed = Alarm()
        self._window = 0
        # Actions on each pin in this window. A reset does not end the window: it begins anew.
        self._counts = (bytearray(RTC().memory()) + bytearray(_PINS))[:_PINS]

    def change(self, name, thing):
        """Store a thing that tool_system has checked, None to forget it. Raises OSError."""
        self.things = self._app.store.change("devices", self.things, name, thing)
        self._changed.set()

    def at(self, number):
        """Return (name, thing) of what is wired to a pin, ("", {}) if nothing is known."""
        for name, thing in self.things.items():
            if thing["pin"] == number:
                return name, thing
        return "", {}

    def check(self, number, need=0):
        """Return number if the policy allows its use.

        need: 0 its level is read, 1 it is driven, 2 its voltage is measured.
        """
        board = self._app.board
        if number not in board[_KINDS[need]]:
            why = ("", "input only", "no ADC pin")[need]
            if number not in board["usable"]:
                need = 0
                with open("/board.json") as f:  # rarely asked, so not kept in memory
                    why = json.load(f)["forbidden"].get(str(number), "not there")
            kind = _KINDS[need]
            why = (number, why, board["chip"], kind, json.dumps(board[kind])[1:-1])
            raise ValueError("pin %d is %s on %s; %s: %s" % why)
        return number

    def allow(self, number, value):
        """Count an action on a pin; raises ValueError if it must not go on now."""
        now = self._app.clock.uptime_ms()
        if now // _WINDOW_MS != self._window:
            self._window = now // _WINDOW_MS
            self._counts = bytearray(_PINS)
        counts = self._counts
        counts[number] = min(counts[number] + 1, _MANY)
        RTC().memory(counts)
        if not value:
            return
        limit = self._app.settings["limits.pin_per_minute"]
        if counts[number] > limit:
            raise ValueError("%d actions a minute on pin %d is the limit" % (limit, number))
        name, thing = self.at(number)
        for other, rival in self.things.items():
            exclusive = other == thing.get("not_with") or name == rival.get("not_with")
            if exclusive and self.is_on(rival["pin"]):
                raise ValueError("%s must not be on together with %s" % (name, other))
        on, since = self._since.get(number, (0, 0))
        rest_ms = since + thing.get("min_off_s", 0) * 1000 - now
        if rest_ms > 0 and not on:
            raise ValueError("%s stays off for another %d s" % (name, rest_ms // 1000 + 1))

    def _switched(self, number, value):
        if self._since.get(number, (0,))[0] != value:
            self._since[number] = value, self._app.clock.uptime_ms()
        self._changed.set()

    def write(self, number, value):
        """Switch an output on (1) or off (0); return what reads back."""
        self.allow(self.check(number, 1), value)
        pin = self.output(number)
        level = value ^ self._inverted(number)
        pin.value(level)
        if pin.value() != level:
            raise ValueError("pin %d reads back %d: is it shorted?" % (number, pin.value()))
        self._switched(number, value)
        return value

    def read(self, number):
        """Return 1 if a pin is on, else 0: its level unless it is inverted."""
        pulse = self._driven.get(number)
        return pulse[1] if pulse else self.input(number).value() ^ self._inverted(number)

    def is_on(self, number):
        """Return 1 if this pin is an output that is on."""
        return self.read(number) if number in self._driven else 0

    def input(self, number):
        """Return the machine.Pin of a GPIO, an input unless it is driven."""
        if self.check(number) in self._driven:
            return Pin(number)
        return Pin(number, Pin.IN, None)

    def _inverted(self, number):
        return self.at(number)[1].get("inverted", 0)

    def outputs(self):
        """Return the numbers of the pins that are driven, in order."""
        return sorted(self._driven)

    def output(self, number):
        """Return the Pin of an output; one that pulsed does not any more."""
        pulse = self._driven.get(self.check(number, 1))
        if pulse:
            pulse[0].deinit()
        self._driven[number] = None
        return Pin(number, Pin.OUT)

    def pulse(self, number, freq_hz, duty_u16):
        """Have an output pulse, on for duty_u16 of 65535 of the time.

        Raises the chip's ValueError too, when it has no channel or timer left.
        """
        on = 1 if duty_u16 else 0
        self.allow(self.check(number, 1), on)
        if self._inverted(number):
            duty_u16 = 65535 - duty_u16
        self._driven[number] = PWM(Pin(number), freq=freq_hz, duty_u16=duty_u16), on
        self._switched(number, on)

    def lend(self, number, need=1):
        """Return the Pin, now an input, for a sensor or a bus; it must not be on."""
        if self.is_on(self.check(number, need)):
            raise ValueError("pin %d is on as an output: switch it off first" % number)
        if self._driven.get(number):
            self.output(number)  # ends the pulses
        self._driven.pop(number, None)
        return Pin(number, Pin.IN, None)

    async def run(self):
        """Bring every thing into its safe state, then switch off what was on for long enough."""
        for name, thing in self.things.items():
            if "safe" in thing:
                await self._guard(name, thing, thing["safe"])
        while True:
            wait_ms = _IDLE_MS
            now = self._app.clock.uptime_ms()
            for number, (on, since) in list(self._since.items()):
                name, thing = self.at(number)
                if on and "max_on_s" in thing:
                    left_ms = since + thing["max_on_s"] * 1000 - now
                    if left_ms <= 0:
                        await self._guard(name, thing, 0)
                        left_ms = _RETRY_MS
                    wait_ms = min(wait_ms, left_ms)
            await self._changed.wait(wait_ms)

    async def _guard(self, name, thing, value):
        args = {"pin": thing["pin"], "value": value}
        await self._app.tools.run("gpio_write", args, "s", "guard " + name)


def gpio_write(app, pin, value):
    """Drive an output."""
    return {"pin": pin, "value": app.pins.write(pin, value)}


def gpio_read(app, pin):
    """Read a pin."""
    return {"pin": pin, "value": app.pins.read(pin)}


def gpio_read_all(app):
    """Read every pin the policy allows."""
    levels = {}
    for number in app.board["usable"]:
        levels[str(number)] = app.pins.read(number)
    return {"pins": levels}


def gpio_toggle(app, pin):
    """Invert an output."""
    return {"pin": pin, "value": app.pins.write(pin, 1 - app.pins.is_on(pin))}


def adc_read(app, pin):
    """Measure a voltage."""
    adc = ADC(app.pins.lend(pin, 2), atten=ADC.ATTN_11DB)
    return {"pin": pin, "mv": adc.read_uv() // 1000}


def pwm_write(app, pin, duty_pct, freq_hz=1000):
    """Have an output pulse."""
    app.pins.pulse(pin, freq_hz, min(65535, round(duty_pct * 655.36)))
    return {"pin": pin, "duty_pct": duty_pct, "freq_hz": freq_hz}


def servo_write(app, pin, angle_deg):
    """Turn a servo: a pulse of 500 to 2500 us in 20 ms, that is 1638 to 8192 of 65536."""
    app.pins.pulse(pin, 50, round(1638.4 + angle_deg * 36.40889))
    return {"pin": pin, "angle_deg": angle_deg}
