"""A sentence as the model sees it: words, with numbers, times, places and names understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .clocks import merge_clocks
from .colours import merge_colours
from .corrections import corrected
from .dictation import merge_dictated
from .names import merge_names
from .numbers import merge_numbers
from .places import merge_places
from .units import merge_units
from .words import MAX_CHARS, MAX_WORDS, Token, clean, split

_MERGES = (
    *(merge_dictated, merge_numbers, merge_places),
    *(merge_colours, merge_clocks, merge_units, corrected),
)


class TooLong(ValueError):
    """The sentence has more characters or words than the model reads."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The cleaned text and its tokens; token offsets are into `text`."""

    text: str
    tokens: tuple[Token, ...]

    def slice(self, first: int, last: int) -> str:
        """Return what the person typed from token `first` to token `last`, both included."""
        return self.text[self.tokens[first].start : self.tokens[last].end]


def read(sentence: str, memory: Mapping[str, str] | None = None) -> Sentence:
    """Return the sentence in tokens.

    Raises TooLong above MAX_CHARS characters or MAX_WORDS words.
    """
    if len(sentence) > MAX_CHARS:
        raise TooLong(f"{len(sentence)} characters, {MAX_CHARS} are read")
    text = clean(sentence)
    tokens = split(text)
    if len(tokens) > MAX_WORDS:
        raise TooLong(f"more than {MAX_WORDS} words")
    if memory:
        tokens = merge_names(tokens, memory)
    for merge in _MERGES:
        tokens = merge(tokens)
    return Sentence(text, tuple(tokens))
