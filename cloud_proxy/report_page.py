"""The report as one HTML page that needs nothing else: tables, and plots as SVG."""

from collections.abc import Sequence
from html import escape
from typing import Any

from cloud_proxy.report import Row, counterfactual, quantile, sums

_WIDTH, _HEIGHT, _LEFT, _BASE = 720, 200, 90, 24
_COLOURS = ("#2a6f97", "#e07a5f", "#3d9970", "#8e6c8a", "#c9a227", "#555")
_STYLE = """
body { font: 15px system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #222; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; }
svg text { font: 12px system-ui, sans-serif; fill: #444; }
"""
_LEVELS = [n / 50 for n in range(50)] + [0.99]


def page(rows: Sequence[Row]) -> str:
    """Return the page for the rows of a ledger."""
    tiers = sorted({row["tier"] for row in rows})
    colours = {tier: _COLOURS[n % len(_COLOURS)] for n, tier in enumerate(tiers)}
    parts = [
        "<h1>Limpet proxy</h1>",
        _legend(colours),
        "<h2>Cost by day</h2>" + _bars(rows, colours),
        "<h2>How long answers took</h2>" + _times(rows, colours),
        "<h2>By tier</h2>" + _table(sums(rows, "tier")),
        "<h2>By day</h2>" + _table(sums(rows, "day")),
        "<h2>By device, the dearest first</h2>" + _table(_dearest(rows)),
        "<h2>Had everything gone to the edge tier</h2>" + _table([counterfactual(rows)]),
    ]
    head = f"<meta charset='utf-8'><title>Limpet proxy</title><style>{_STYLE}</style>"
    return (
        f"<!doctype html><html lang='en'><head>{head}</head><body>{''.join(parts)}</body></html>"
    )


def _dearest(rows: Sequence[Row]) -> list[Row]:
    return sorted(sums(rows, "device"), key=lambda row: -row["cost_ud"])[:50]


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return "<p>The ledger is empty.</p>"
    head = "".join(f"<th>{escape(name.replace('_', ' '))}</th>" for name in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else escape(str(value))


def _legend(colours: dict[str, str]) -> str:
    return "<p>" + " ".join(
        f"<span style='color:{colour}'>&#9632;</span> {escape(tier)}"
        for tier, colour in colours.items()
    ) + "</p>"  # fmt: skip


def _bars(rows: Sequence[Row], colours: dict[str, str]) -> str:
    """Return a bar a day, the tiers' costs on top of each other."""
    days: dict[str, dict[str, int]] = {}
    for tier in colours:
        for row in sums([row for row in rows if row["tier"] == tier], "day"):
            days.setdefault(row["day"], {})[tier] = row["cost_ud"]
    most = max((sum(day.values()) for day in days.values()), default=0) or 1
    step = (_WIDTH - _LEFT) / max(len(days), 1)
    shapes = [_axis(f"${most / 1e6:.4f}")]
    for number, day in enumerate(sorted(days)):
        below = 0.0
        x = _LEFT + number * step
        for tier, cost_ud in days[day].items():
            height = cost_ud / most * (_HEIGHT - 2 * _BASE)
            y = _HEIGHT - _BASE - below - height
            below += height
            shapes.append(
                f"<rect x='{x + step * 0.1:.1f}' y='{y:.1f}' width='{step * 0.8:.1f}'"
                f" height='{height:.1f}' fill='{colours[tier]}'>"
                f"<title>{escape(tier)} {escape(day)}: {cost_ud:,} micro-dollars</title></rect>"
            )
        if number % max(1, len(days) // 6) == 0:
            shapes.append(f"<text x='{x + step * 0.1:.1f}' y='{_HEIGHT - 6}'>{escape(day)}</text>")
    return _svg(shapes)


def _times(rows: Sequence[Row], colours: dict[str, str]) -> str:
    """Return a line a tier: how many of 100 answers took at most so long."""
    times = {
        tier: sorted(r["total_ms"] for r in rows if r["tier"] == tier and r["outcome"] == "ok")
        for tier in colours
    }
    most = max((quantile(ordered, 0.99) for ordered in times.values()), default=0) or 1
    shapes = [_axis(f"{most:,} ms")]
    for tier, ordered in times.items():
        if ordered:
            points = " ".join(
                f"{_LEFT + level * (_WIDTH - _LEFT):.1f},"
                f"{_HEIGHT - _BASE - quantile(ordered, level) / most * (_HEIGHT - 2 * _BASE):.1f}"
                for level in _LEVELS
            )
            line = f"fill='none' stroke='{colours[tier]}' stroke-width='2'"
            shapes.append(
                f"<polyline points='{points}' {line}><title>{escape(tier)}</title></polyline>"
            )
    for percent in (0, 25, 50, 75, 99):
        x = _LEFT + percent / 100 * (_WIDTH - _LEFT)
        shapes.append(f"<text x='{x - 8:.0f}' y='{_HEIGHT - 6}'>{percent}%</text>")
    return _svg(shapes)


def _axis(most: str) -> str:
    bottom = _HEIGHT - _BASE
    return (
        f"<text x='0' y='{_BASE + 4}'>{most}</text><text x='0' y='{bottom}'>0</text>"
        f"<line x1='{_LEFT}' y1='{bottom}' x2='{_WIDTH}' y2='{bottom}' stroke='#999'/>"
    )


def _svg(shapes: Sequence[str]) -> str:
    size = f"viewBox='0 0 {_WIDTH} {_HEIGHT}' width='{_WIDTH}' height='{_HEIGHT}'"
    return f"<svg {size} role='img'>{''.join(shapes)}</svg>"
