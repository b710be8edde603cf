"""Text to calibrate on and to measure with: token windows of one length, none padded."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from cloud_proxy.errors import UserError


def text(path: Path | None) -> str:
    """Return a file's text, or without one the language reference that comes with every Python.

    Raises UserError if the file cannot be read.
    """
    if path is None:
        from pydoc_data.topics import topics

        return "\n\n".join(topics[name] for name in sorted(topics))
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise UserError(f"{path} cannot be read", str(e), "name a text file in UTF-8") from e


def tokens(tokenizer: Any, content: str) -> Tensor:
    """Return the token ids of a text: (n,)."""
    return torch.tensor(tokenizer.encode(content, add_special_tokens=False).ids)


def windows(ids: Tensor, count: int, length: int, seed: int) -> Tensor:
    """Return that many windows that do not overlap, chosen by the seed: (count, length).

    Raises UserError if the text is too short for them.
    """
    places = len(ids) // length
    if places < count:
        raise UserError(
            f"the text has {len(ids)} tokens, {count * length} are needed",
            f"{count} windows of {length} tokens must not overlap",
            "give a longer --text, or fewer --samples or a shorter --length",
        )
    chosen = sorted(random.Random(seed).sample(range(places), count))
    return torch.stack([ids[at * length : (at + 1) * length] for at in chosen])
