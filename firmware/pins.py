"""Pins: which ones the board file lets anyone use, and the hardware behind them.

A pin is an input, an output, an output that pulses (PWM), or lent to a sensor or a bus.
"""

import json

from machine import PWM, Pin


class PinError(ValueError):
    """A pin that must not be used so; the text says why and which can be."""


class Pins:
    """The pin policy of one board and its open pins.

    board: what /board.json holds: "chip", "usable", "input_only", "adc"; "forbidden" stays there.
    """

    def __init__(self, board):
        self._board = board
        self.devices = None  # the guards, set once they exist; see devices.py
        self._open = {}  # GPIO number -> Pin
        self._outputs = set()
        self._pulsing = {}  # GPIO number -> (PWM, whether it is on) of outputs that pulse

    def check(self, number, need=0):
        """Return number if the policy allows its use. Raises PinError.

        need: 0 its level is read, 1 (or True) it is driven, 2 its voltage is measured.
        """
        board = self._board
        usable = board["usable"]
        outputs = [n for n in usable if n not in board["input_only"]]
        good = (usable, outputs, board["adc"])[need]
        if number not in good:
            if number not in usable:
                need = 0
            why = ("is " + self._reason(number), "is input only", "has no ADC")[need]
            what = ("usable", "outputs", "ADC pins")[need]
            good = ", ".join([str(n) for n in good])
            raise PinError("pin %d %s on %s; %s: %s" % (number, why, board["chip"], what, good))
        return number

    def write(self, number, value):
        """Switch an output on (1) or off (0); return what reads back. Raises PinError."""
        self.check(number, 1)
        self.devices.allow(number, value)
        pin = self.output(number)
        level = value ^ self._inverted(number)
        pin.value(level)
        if pin.value() != level:
            raise PinError("pin %d reads back %d: is it shorted?" % (number, pin.value()))
        self.devices.switched(number, value)
        return value

    def toggle(self, number):
        """Switch an output over; return what reads back. Raises PinError."""
        return self.write(number, 0 if self.is_on(number) else 1)

    def read(self, number):
        """Return 1 if a pin is on, else 0: its level unless it is inverted. Raises PinError."""
        if number in self._pulsing:
            return int(self.is_on(number))
        return self.input(number).value() ^ self._inverted(number)

    def is_on(self, number):
        """True if this pin is an output that is on."""
        if number in self._pulsing:
            return self._pulsing[number][1]
        return number in self._outputs and self.read(number) == 1

    def input(self, number):
        """Return the machine.Pin of a GPIO, an input unless it is driven. Raises PinError."""
        pin = self._open.get(self.check(number))
        if pin is None:
            pin = self._open[number] = Pin(number, Pin.IN, None)
        return pin

    def _inverted(self, number):
        thing = self.devices.at(number)[1]
        return 1 if thing and thing.get("inverted") else 0

    def outputs(self):
        """Return the numbers of the pins that are driven, in order."""
        return sorted(self._outputs)

    def output(self, number):
        """Return the Pin of an output; one that pulsed does not any more. Raises PinError."""
        self.check(number, 1)
        pulsed = self._pulsing.pop(number, None)
        if pulsed:
            pulsed[0].deinit()
        if pulsed or number not in self._outputs:
            self._open[number] = Pin(number, Pin.OUT)
            self._outputs.add(number)
        return self._open[number]

    def pulse(self, number, freq_hz, duty_u16):
        """Have an output pulse, on for duty_u16 of 65535 of the time.

        Raises PinError, or the chip's ValueError when it has no channel or timer left.
        """
        self.check(number, 1)
        on = duty_u16 > 0
        self.devices.allow(number, on)
        if self._inverted(number):
            duty_u16 = 65535 - duty_u16
        pin = self._open[number] = Pin(number)
        self._pulsing[number] = PWM(pin, freq=freq_hz, duty_u16=duty_u16), on
        self._outputs.add(number)
        self.devices.switched(number, on)

    def lend(self, number, need=1):
        """Return the Pin, now an input, for a sensor or a bus. Raises PinError if it is on."""
        if self.is_on(self.check(number, need)):
            raise PinError("pin %d is on as an output: switch it off first" % number)
        if number in self._pulsing:
            self.output(number)  # ends the pulses
        self._outputs.discard(number)
        self._open.pop(number, None)
        return Pin(number, Pin.IN, None)

    def _reason(self, number):
        with open("/board.json") as f:  # rarely asked, so not kept in memory
            forbidden = json.load(f)["forbidden"]
        for span, reason in forbidden.items():
            first, _, last = span.partition("-")
            if int(first) <= number <= int(last or first):
                return reason
        return "not there"
