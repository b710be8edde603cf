"""A trace as a picture: one SVG, alone or in a page that can be searched and zoomed."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from host.emulator.board import Board
    from host.emulator.trace import Signal, Trace

_WIDTH, _LEFT, _RIGHT = 1200, 110, 20  # pixels
_ROW, _TALL, _TITLE, _AXIS = 34, 20, 26, 30
_MOST_EDGES = 4000  # drawn of one signal: more than the pixels can show
_COLOURS = {"serial": "#4d6b8a", "message": "#8a5fb5", "rule": "#b8571b"}
_STYLE = """
svg{background:#fff;font:12px system-ui,sans-serif}
.name{fill:#333;text-anchor:end}.board{font-weight:600}.axis{fill:#666;text-anchor:middle}
.grid{stroke:#e4e4e4}.base{stroke:#ccc}.wave{fill:none;stroke:#0b7a3e;stroke-width:1.5}
"""
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body{{font:14px system-ui,sans-serif;margin:24px;color:#222}}
.picture{{overflow-x:auto}}table{{border-collapse:collapse}}
td{{padding:2px 12px 2px 0;vertical-align:top}}td:last-child{{word-break:break-word}}
input{{margin:0 16px 12px 0}}
</style>
<h1>{title}</h1>
<label>zoom <input type="range" id="zoom" min="1" max="40" value="1"></label>
<label>find <input type="search" id="find" placeholder="a rule, a topic, a word"></label>
<div class="picture">{svg}</div>
<table>{rows}</table>
<script>
const svg = document.querySelector("svg"), width = {width};
document.getElementById("zoom").oninput = e => {{
  svg.style.width = width * e.target.value + "px";
}};
document.getElementById("find").oninput = e => {{
  const word = e.target.value.toLowerCase();
  for (const row of document.querySelectorAll("tr"))
    row.hidden = !row.textContent.toLowerCase().includes(word);
}};
</script>
</html>
"""


def svg(trace: "Trace") -> str:
    """Return the picture: a row a signal, a row a kind of note with a mark for each."""
    end_s = max(trace.end_s, 1e-6)
    body: list[str] = []
    y = _AXIS
    for board in trace.boards:
        y += _TITLE
        body.append(f'<text class="board" x="8" y="{y - 8}">{escape(board.name)}</text>')
        for signal in trace.signals(board):
            body.append(_name(signal.name, y))
            body.append(_wave(signal, end_s, y))
            y += _ROW
        for kind, marks in _marks(trace, board, end_s, y).items():
            body.append(_name(kind, y))
            body += marks
            y += _ROW
    axis = [
        f'<line class="grid" x1="{x:.1f}" y1="{_AXIS - 8}" x2="{x:.1f}" y2="{y}"/>'
        f'<text class="axis" x="{x:.1f}" y="{_AXIS - 14}">{_time(end_s * part / 10, end_s)}</text>'
        for part in range(11)
        for x in [_x(end_s * part / 10, end_s)]
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 8}" '
        f'style="width:{_WIDTH}px" preserveAspectRatio="none"><style>{_STYLE}</style>'
        f"{''.join(axis + body)}</svg>\n"
    )


def page(trace: "Trace") -> str:
    """Return an HTML page with the picture and all notes below it; it needs nothing else."""
    rows = [
        f"<tr><td>{_time(note.at_s, 1)}</td><td>{escape(board.name)}</td>"
        f"<td>{escape(note.kind)}</td><td>{escape(note.text)}</td></tr>"
        for board in trace.boards
        for note in trace.notes(board)
    ]
    title = ", ".join(escape(board.name) for board in trace.boards)
    return _PAGE.format(title=title, svg=svg(trace), rows="\n".join(rows), width=_WIDTH)


def _x(at_s: float, end_s: float) -> float:
    return _LEFT + (_WIDTH - _LEFT - _RIGHT) * min(at_s, end_s) / end_s


def _name(name: str, y: int) -> str:
    return f'<text class="name" x="{_LEFT - 8}" y="{y + 15}">{escape(name)}</text>'


def _wave(signal: "Signal", end_s: float, y: int) -> str:
    """Return the line of a signal; of more edges than can be seen, every n-th."""
    top = 1 if signal.unit == "level" else 100
    step = max(1, -(-len(signal.edges) // _MOST_EDGES)) | 1  # odd: 0 and 1 take turns
    height = float(y + _TALL)
    points = [f"M{_LEFT} {height:.1f}"]
    for at_s, value in signal.edges[::step]:
        height = y + _TALL * (1 - min(value, top) / top)
        points.append(f"H{_x(at_s, end_s):.2f}V{height:.1f}")
    points.append(f"H{_WIDTH - _RIGHT}")
    count = f"<title>{escape(signal.name)}: {len(signal.edges)} changes</title>"
    return f'<path class="wave" d="{"".join(points)}">{count}</path>'


def _marks(trace: "Trace", board: "Board", end_s: float, y: int) -> dict[str, list[str]]:
    """Return for each kind of note its marks, the kinds' rows below one another from y on."""
    rows: dict[str, list[str]] = {}
    for note in trace.notes(board):
        if note.kind not in rows:
            base = y + _ROW * len(rows) + _TALL // 2
            rows[note.kind] = [
                f'<line class="base" x1="{_LEFT}" y1="{base}" x2="{_WIDTH - _RIGHT}" y2="{base}"/>'
            ]
        middle = y + _ROW * list(rows).index(note.kind) + _TALL // 2
        rows[note.kind].append(
            f'<circle cx="{_x(note.at_s, end_s):.2f}" cy="{middle}" r="4" '
            f'fill="{_COLOURS.get(note.kind, "#666")}">'
            f"<title>{_time(note.at_s, 1)} {escape(note.text)}</title></circle>"
        )
    return rows


def _time(at_s: float, span_s: float) -> str:
    """Return a time as d:hh:mm:ss from the largest part that counts, with ms in a short span."""
    if span_s < 60:
        minutes, seconds = divmod(at_s, 60)
        hours, minutes = divmod(int(minutes), 60)
        head = f"{hours}:{minutes:02}:" if hours else f"{minutes}:" if minutes else ""
        return head + (f"{seconds:06.3f}" if head else f"{seconds:.3f} s")
    whole = round(at_s)
    days, hours, minutes = whole // 86400, whole // 3600 % 24, whole // 60 % 60
    return (f"{days} d " if days else "") + f"{hours}:{minutes:02}:{whole % 60:02}"
