"""What in a program may depend on floats of 64 bits: the emulator has them, a chip has 32.

A single has 24 bits of mantissa: about 7 digits, and no whole number beyond 2**24 for sure. So a
date or a count of milliseconds must never become a float.
"""

import ast
from dataclasses import dataclass

_WHOLE = 1 << 24
_BIG_CLOCKS = {"time", "time_ns", "mktime", "ticks_ms", "ticks_us", "ticks_cpu", "unix_us"}


@dataclass(frozen=True)
class FloatRisk:
    """One place. line: in the source, from 1."""

    line: int
    why: str


def float_risks(source: str) -> list[FloatRisk]:
    """Return the places of a program where 32-bit floats could give another answer.

    Looks at literals and at the arithmetic of what clocks return, by name; what is passed through
    variables is not followed. Raises SyntaxError.
    """
    found: list[FloatRisk] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            if _needs_double(node.value):
                found.append(FloatRisk(node.lineno, f"{node.value!r} has more than 7 digits"))
        elif isinstance(node, ast.BinOp):
            sides = (node.left, node.right)
            if any(map(_is_clock, sides)):
                if isinstance(node.op, ast.Div):
                    found.append(FloatRisk(node.lineno, "a clock's value divided by / is a float"))
                elif any(map(_is_float, sides)):
                    found.append(FloatRisk(node.lineno, "a clock's value meets a float"))
            elif isinstance(node.op, ast.Div) and any(map(_is_big, sides)):
                found.append(FloatRisk(node.lineno, "a whole number beyond 2**24 divided by /"))
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "float"
            and any(map(_is_clock, node.args))
        ):
            found.append(FloatRisk(node.lineno, "float() of a clock's value"))
    return sorted(found, key=lambda risk: risk.line)


def _needs_double(value: float) -> bool:
    return value == value and abs(value) != float("inf") and float(f"{value:.7g}") != value


def _is_clock(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    name = node.func
    word = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
    return word in _BIG_CLOCKS


def _is_float(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def _is_big(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and node.value > _WHOLE
