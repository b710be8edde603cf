"""Value change dump (IEEE 1364-2005, clause 18): what GTKWave and sigrok open.

A board is a scope, a pin a wire, a duty cycle a real; a note is a string that holds for 1 us, in a
variable of its kind. Readers that know no string variables pass over those.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host.emulator.trace import Trace

_FIRST, _LAST = 33, 126  # identifiers are made of printable ASCII
_US = 1_000_000


def _identifiers() -> Iterator[str]:
    count = 0
    while True:
        rest, name = count, ""
        while True:
            rest, digit = divmod(rest, _LAST - _FIRST + 1)
            name += chr(_FIRST + digit)
            if not rest:
                break
            rest -= 1
        yield name
        count += 1


def _word(text: str) -> str:
    """Return text as one word: a string value ends at a blank."""
    return "".join(c if c.isprintable() and not c.isspace() else "_" for c in text)


def text(trace: "Trace") -> str:
    """Return the trace as a VCD file's content, in microseconds since the world began."""
    fresh = _identifiers()
    header = ["$version Limpet emulator $end", "$timescale 1 us $end"]
    initial: list[str] = []
    changes: dict[int, list[str]] = {}
    for board in trace.boards:
        header.append(f"$scope module {_word(board.name)} $end")
        for signal in trace.signals(board):
            name = next(fresh)
            is_level = signal.unit == "level"
            kind = "wire 1" if is_level else "real 64"
            header.append(f"$var {kind} {name} {signal.name} $end")
            initial.append(f"0{name}" if is_level else f"r0 {name}")
            for at_s, value in signal.edges:
                line = f"{int(value)}{name}" if is_level else f"r{value:.6g} {name}"
                changes.setdefault(round(at_s * _US), []).append(line)
        kinds: dict[str, str] = {}
        for note in trace.notes(board):
            if note.kind not in kinds:
                # sigrok skips the words of a string one by one; none may mean something to it.
                kinds[note.kind] = name = "n" + next(fresh)
                header.append(f"$var string 1 {name} {_word(note.kind)} $end")
            at_us = round(note.at_s * _US)
            changes.setdefault(at_us, []).append(f"s{_word(note.text)} {kinds[note.kind]}")
        header.append("$upscope $end")
    lines = [*header, "$enddefinitions $end", "#0", "$dumpvars", *initial, "$end"]
    for at_us in sorted(changes):
        if at_us:
            lines.append(f"#{at_us}")
        lines += changes[at_us]
    end_us = round(trace.end_s * _US)
    if end_us > max(changes, default=0):
        lines.append(f"#{end_us}")
    return "\n".join(lines) + "\n"
