"""Pins: which ones the board file lets anyone use, and the hardware behind them."""

from machine import Pin


class PinError(ValueError):
    """A pin that must not be used so; the text says why and which can be."""


class Pins:
    """The pin policy of one board and its open pins.

    board: what /board.json holds: "chip", "usable", "input_only", "adc", "forbidden".
    """

    def __init__(self, board):
        self._board = board
        self._open = {}  # GPIO number -> Pin
        self._outputs = set()

    def check(self, number, output=False):
        """Return number if the policy allows its use. Raises PinError."""
        board = self._board
        if number not in board["usable"]:
            raise PinError(
                "pin %d is %s on %s; usable: %s"
                % (number, self._reason(number), board["chip"], _join(board["usable"]))
            )
        if output and number in board["input_only"]:
            raise PinError(
                "pin %d is input only on %s; outputs: %s"
                % (
                    number,
                    board["chip"],
                    _join([n for n in board["usable"] if n not in board["input_only"]]),
                )
            )
        return number

    def write(self, number, value):
        """Drive an output and return the level that reads back. Raises PinError."""
        pin = self._output(number)
        pin.value(value)
        if pin.value() != value:
            raise PinError("pin %d reads back %d: is it shorted?" % (number, pin.value()))
        return value

    def toggle(self, number):
        """Invert an output and return the level that reads back. Raises PinError."""
        return self.write(number, 1 - self._output(number).value())

    def read(self, number):
        """Return the level, 0 or 1, of an output or input. Raises PinError."""
        pin = self._open.get(self.check(number))
        if pin is None:
            pin = self._open[number] = Pin(number, Pin.IN)
        return pin.value()

    def outputs(self):
        """Return the numbers of the pins that are driven, in order."""
        return sorted(self._outputs)

    def _output(self, number):
        self.check(number, True)
        if number not in self._outputs:
            self._open[number] = Pin(number, Pin.OUT)
            self._outputs.add(number)
        return self._open[number]

    def _reason(self, number):
        for span, reason in self._board["forbidden"].items():
            first, _, last = span.partition("-")
            if int(first) <= number <= int(last or first):
                return reason
        return "not there"


def _join(numbers):
    return ", ".join([str(n) for n in numbers])
