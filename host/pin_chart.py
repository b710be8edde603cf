"""A pin's history as a line of text: high, low, or too quick to draw."""

from collections.abc import Sequence

Edge = tuple[float, int]  # (seconds, level from then on)

LOW, HIGH, BOTH = "▁", "▇", "▒"


def draw(history: Sequence[Edge], start_s: float, end_s: float, width: int) -> str:
    """Return the pin's level between two times as `width` characters.

    history: edges in order of time; before the first one the pin is low. A character is the
    level at its end, or BOTH if the pin went there and back within it.
    """
    step = (end_s - start_s) / width
    at = 0
    level = 0
    while at < len(history) and history[at][0] <= start_s:
        level = history[at][1]
        at += 1
    cells: list[str] = []
    for cell in range(width):
        edges = 0
        cell_end_s = start_s + (cell + 1) * step
        while at < len(history) and history[at][0] < cell_end_s:
            level = history[at][1]
            at += 1
            edges += 1
        cells.append(BOTH if edges > 1 else HIGH if level else LOW)
    return "".join(cells)


def axis(start_s: float, end_s: float, width: int) -> str:
    """Return a time axis of the same width, with its start, middle and end as min:s."""
    left, middle, right = (
        f"{s // 60}:{s % 60:02}"
        for s in (round(start_s), round((start_s + end_s) / 2), round(end_s))
    )
    return left + middle.center(width - len(left) - len(right)) + right
