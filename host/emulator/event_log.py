"""Everything that boards show to the outside, as one text: to compare two runs byte for byte."""

from collections.abc import Sequence

from host.emulator.board import Board

Entry = tuple[int, int, int, str]  # microseconds, the board, its entry's number, what happened


class EventLog:
    """Watches boards from its making on: printed bytes, bytes on sockets, levels of pins, ends.

    Entries are in order of virtual time, then of boards.
    """

    def __init__(self, boards: Sequence[Board]) -> None:
        self._boards = boards
        self._seen: list[list[Entry]] = [[] for _ in boards]
        for place in range(len(boards)):
            self._watch(place)

    def _watch(self, place: int) -> None:
        board, seen = self._boards[place], self._seen[place]

        def note(text: str) -> None:
            seen.append((board.clock.now_us, place, len(seen), text))

        def moved(_: int, direction: str, data: bytes) -> None:
            note(f"{direction} {data.hex()}")

        board.serial.taps.append(lambda data: note(f"printed {data!r}"))
        board.socket_taps.append(moved)

    def text(self) -> str:
        """Return a line for each event: seconds, board, what happened."""
        entries = [entry for seen in self._seen for entry in seen]
        for place, board in enumerate(self._boards):
            for number in board.pins.numbers():
                for i, (at_s, level) in enumerate(board.pin(number).history):
                    entries.append((round(at_s * 1e6), place, i, f"pin {number} {level}"))
        names = [board.name for board in self._boards]
        entries.sort()
        lines = [f"{us / 1e6:.6f} {names[place]} {text}\n" for us, place, _, text in entries]
        ends = [f"{board.name} is {board.state}, exit {board.exit}\n" for board in self._boards]
        return "".join(lines + ends)
