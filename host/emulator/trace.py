"""What boards did, against time: levels, duty cycles, printed lines, messages.

A trace is taken while boards run and written afterwards, as a VCD file or as a picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from host.emulator import timeline_picture, vcd
from host.emulator.board import Board
from host.emulator.mqtt_tap import MqttTap

_LONGEST_NOTE = 2000  # characters


@dataclass(frozen=True)
class Note:
    """Something that happened at one moment. kind: "serial", "message", "rule" or your own."""

    at_s: float
    kind: str
    text: str


@dataclass(frozen=True)
class Signal:
    """One line of the picture. unit: "level" (0 or 1) or "%".

    edges: (seconds, the value from then on).
    """

    name: str
    unit: str
    edges: Sequence[tuple[float, float]]


class Trace:
    """Watches boards from its making on; make it before they start.

    Pins and PWM are read from the boards' own histories. Lines on the serial console become notes,
    and so does each MQTT message that goes in or out in plain text.
    """

    def __init__(self, *boards: Board) -> None:
        self.boards = boards
        self._notes: dict[str, list[Note]] = {board.name: [] for board in boards}
        for board in boards:
            self._watch(board)

    def _watch(self, board: Board) -> None:
        line = bytearray()

        def printed(data: bytes) -> None:
            line.extend(data)
            while (end := line.find(b"\n")) >= 0:
                self.note(board, "serial", line[:end].decode("utf-8", "replace").rstrip("\r"))
                del line[: end + 1]

        def published(direction: str, topic: str, body: str) -> None:
            self.note(board, "message", f"{direction} {topic} {body}")

        board.serial.taps.append(printed)
        board.socket_taps.append(MqttTap(published))

    def note(self, board: Board, kind: str, text: str, at_s: float | None = None) -> None:
        """Add a note, by default at the board's time now."""
        when_s = board.now_s if at_s is None else at_s
        self._notes[board.name].append(Note(when_s, kind, text[:_LONGEST_NOTE]))

    def notes(self, board: Board) -> list[Note]:
        """Return a board's notes in order of time."""
        return sorted(self._notes[board.name], key=lambda note: note.at_s)

    def signals(self, board: Board) -> list[Signal]:
        """Return what changed on a board: a signal for each pin that moved, and for each PWM."""
        found: list[Signal] = []
        for number in board.pins.numbers():
            if board.pin(number).history:
                found.append(Signal(f"pin{number}", "level", list(board.pin(number).history)))
            duties = [
                (at_s, round(duty * 100 / 65535, 3) if hz else 0.0)
                for at_s, hz, duty in board.pwm_on(number).history
            ]
            if duties:
                found.append(Signal(f"pwm{number}", "%", duties))
        return found

    @property
    def end_s(self) -> float:
        """When the last board was last seen, in virtual seconds."""
        return max((board.seen_s for board in self.boards), default=0.0)

    def write(self, path: Path) -> None:
        """Write it in the form that the path's ending names: .vcd, .svg or .html.

        Raises ValueError for another ending.
        """
        forms = {".vcd": vcd.text, ".svg": timeline_picture.svg, ".html": timeline_picture.page}
        try:
            form = forms[path.suffix]
        except KeyError:
            raise ValueError(f"{path} must end in one of {', '.join(forms)}") from None
        path.write_text(form(self), encoding="utf-8")
