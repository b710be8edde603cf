"""The numbers of what the shims ask of the host: each operation gets the next one."""

from collections.abc import Callable
from typing import TypeVar

_F = TypeVar("_F", bound=Callable[..., "int | None"])
OPERATIONS: dict[str, int] = {}  # OP_NAME -> number, for the build of the shims
METHODS: list[str] = [""]  # by number


def operation(method: _F) -> _F:
    """Make a method an operation: `name` becomes OP_NAME in the shims."""
    OPERATIONS["OP_" + method.__name__.upper()] = len(METHODS)
    METHODS.append(method.__name__)
    return method
