"""Long lists of words, written as lines of text."""

from __future__ import annotations


def spaced(text: str) -> tuple[str, ...]:
    """Return the words between the spaces."""
    return tuple(text.split())


def barred(text: str) -> tuple[str, ...]:
    """Return the parts between the bars, with their spaces."""
    return tuple(text.split("|"))
