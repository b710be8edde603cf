# ruff: noqa: F821  (the build puts in what is not defined here)
# SPI on any pins and the two UARTs beside the console's: whole transfers go to the host.
import io

from _port import port
from _time_esp32 import sleep_us
from uctypes import addressof
from utime import ticks_add, ticks_diff, ticks_ms, ticks_us

_NO_PIN = const(255)
_SPI_PINS = {1: (14, 13, 12), 2: (18, 23, 19)}  # sck, mosi, miso
_UART_PINS = {1: (10, 9), 2: (17, 16)}  # tx, rx


class _Spi:
    MSB = 0
    LSB = 1

    def _set(self, baudrate, polarity, phase, bits, firstbit, sck, mosi, miso):
        if bits is not None and bits != 8 and self._is_soft:
            raise ValueError("bits must be 8")
        given = (baudrate, polarity, phase, bits, firstbit, sck, mosi, miso)
        self._now = [old if new is None else new for old, new in zip(self._now, given)]
        for place, mode in ((5, 3), (6, 3), (7, 1)):
            pin = given[place]
            if pin is not None:
                pin.init(mode)
                self._now[place] = pin._id

    def _move(self, data, answer):
        port(self._now[6], OP_PUSH)
        port(self._now[7], OP_PUSH)
        port(addressof(data), OP_PUSH)
        port(len(data), OP_PUSH)
        port(answer, OP_PUSH)
        port(self._now[5], OP_SPI_TRANSFER)
        sleep_us(len(data) * 8000000 // self._now[0])

    def write(self, buf):
        self._move(buf, 0)

    def readinto(self, buf, write=0):
        for place in range(len(buf)):
            buf[place] = write
        self._move(buf, addressof(buf))

    def read(self, nbytes, write=0):
        buf = bytearray(nbytes)
        self.readinto(buf, write)
        return bytes(buf)

    def write_readinto(self, write_buf, read_buf):
        if len(write_buf) != len(read_buf):
            raise ValueError("buffers must be the same length")
        self._move(write_buf, addressof(read_buf))

    def deinit(self):
        pass

    def __repr__(self):
        text = "baudrate=%d, polarity=%d, phase=%d, bits=%d, firstbit=%d, sck=%d, mosi=%d, miso=%d"
        return "SPI(id=%d, " % self._id + text % tuple(self._now) + ")"


class SPI(_Spi):
    _is_soft = False

    def __init__(
        self,
        id,
        baudrate=500000,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        if id not in _SPI_PINS:
            raise ValueError("SPI(%d) doesn't exist" % id)
        self._id = id
        self._now = [baudrate, polarity, phase, bits, firstbit]
        self._now.extend(_SPI_PINS[id])
        self._set(baudrate, polarity, phase, bits, firstbit, sck, mosi, miso)

    def init(
        self,
        baudrate=None,
        *,
        polarity=None,
        phase=None,
        bits=None,
        firstbit=None,
        sck=None,
        mosi=None,
        miso=None,
    ):
        self._set(baudrate, polarity, phase, bits, firstbit, sck, mosi, miso)


class SoftSPI(_Spi):
    _is_soft = True
    _id = 0

    def __init__(
        self,
        baudrate=500000,
        *,
        polarity=0,
        phase=0,
        bits=8,
        firstbit=0,
        sck=None,
        mosi=None,
        miso=None,
    ):
        if sck is None or mosi is None or miso is None:
            raise ValueError("must specify all of sck/mosi/miso")
        self._now = [baudrate, polarity, phase, bits, firstbit, _NO_PIN, _NO_PIN, _NO_PIN]
        self._set(baudrate, polarity, phase, bits, firstbit, sck, mosi, miso)

    init = SPI.init

    def __repr__(self):
        n = self._now
        text = "SoftSPI(baudrate=%d, polarity=%d, phase=%d, sck=%d, mosi=%d, miso=%d)"
        return text % (n[0], n[1], n[2], n[5], n[6], n[7])


class UART(io.IOBase):
    INV_TX = 32
    INV_RX = 4
    INV_RTS = 64
    INV_CTS = 8
    RTS = 1
    CTS = 2

    def __init__(self, id, baudrate=115200, bits=8, parity=None, stop=1, **settings):
        if id == 0:
            raise NotImplementedError("UART(0) is the console's here: use sys.stdin and stdout")
        if id not in _UART_PINS:
            raise ValueError("UART(%d) does not exist" % id)
        self._id = id
        self._pins = _UART_PINS[id]
        self._timeout = 0
        self._char = 0
        self.init(baudrate, bits, parity, stop, **settings)

    def init(
        self,
        baudrate=115200,
        bits=8,
        parity=None,
        stop=1,
        *,
        tx=None,
        rx=None,
        rts=None,
        cts=None,
        txbuf=256,
        rxbuf=256,
        timeout=None,
        timeout_char=None,
        invert=0,
        flow=0,
    ):
        self._baudrate = baudrate
        self._frame = (bits, parity, stop)
        self._pins = tuple(
            [
                old if new is None else getattr(new, "_id", new)
                for old, new in zip(self._pins, (tx, rx))
            ]
        )
        if timeout is not None:
            self._timeout = timeout
        if timeout_char is not None:
            self._char = timeout_char
        self._sent_at = ticks_us()
        port(rxbuf, OP_PUSH)
        port(self._id, OP_UART_OPEN)

    def any(self):
        return port(self._id, OP_UART_ANY)

    def _await(self, ms):
        # Whether bytes come within so long. Bytes wake nobody, so it looks each millisecond.
        import time

        began = ticks_ms()
        while not port(self._id, OP_UART_ANY):
            if ticks_diff(ticks_ms(), began) >= ms:
                return False
            time.sleep_ms(1)
        return True

    def readinto(self, buf, nbytes=-1):
        size = len(buf) if nbytes < 0 else min(nbytes, len(buf))
        got = 0
        wait = self._timeout
        while got < size and self._await(wait):
            port(addressof(buf) + got, OP_PUSH)
            port(size - got, OP_PUSH)
            got += port(self._id, OP_UART_READ)
            wait = self._char
        return got or None

    def read(self, nbytes=-1):
        if nbytes >= 0:
            buf = bytearray(nbytes)
            got = self.readinto(buf)
            return bytes(buf[:got]) if got else None
        data = b""
        wait = self._timeout
        while self._await(wait):
            buf = bytearray(port(self._id, OP_UART_ANY))
            self.readinto(buf)
            data += buf
            wait = self._char
        return data or None

    def readline(self):
        line = b""
        while not line.endswith(b"\n"):
            byte = self.read(1)
            if byte is None:
                break
            line += byte
        return line or None

    def write(self, buf):
        if isinstance(buf, str):
            buf = buf.encode()
        port(addressof(buf), OP_PUSH)
        port(len(buf), OP_PUSH)
        port(self._id, OP_UART_WRITE)
        now = ticks_us()
        bits, parity, stop = self._frame
        frame = 1 + bits + (parity is not None) + stop
        us = len(buf) * frame * 1000000 // self._baudrate
        self._sent_at = ticks_add(now, us + max(0, ticks_diff(self._sent_at, now)))
        return len(buf)

    def ioctl(self, request, argument):
        if request == 3:  # MP_STREAM_POLL
            return argument & ((1 if port(self._id, OP_UART_ANY) else 0) | 4)
        return 0

    def flush(self):
        left = ticks_diff(self._sent_at, ticks_us())
        if left > 0:
            sleep_us(left)

    def txdone(self):
        return ticks_diff(self._sent_at, ticks_us()) <= 0

    def sendbreak(self):
        pass

    def deinit(self):
        pass

    def __repr__(self):
        return "UART(%d, baudrate=%d, bits=%d, parity=%s, stop=%d, tx=%d, rx=%d)" % (
            (self._id, self._baudrate) + self._frame + self._pins
        )
