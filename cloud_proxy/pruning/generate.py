"""Write with a language model: one token at a time, keys and values kept."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import time
from collections.abc import Iterator

import torch
from torch import Tensor

from . import llama
from .sources import Source


class Writer:
    """A whole model in memory as float32, for serving; several threads may write with it.

    source: read once. Raises DamagedFile if a packed layer is.
    """

    def __init__(self, source: Source) -> None:
        """Load every layer."""
        self.config, self.rest = source.config, source.rest()
        self.layers = [source.layer(index) for index in range(source.config.layers)]

    def logits(self, tokens: Tensor, past: list[list[Tensor]], start: int) -> Tensor:
        """Return the logits behind the last of these tokens: (batch, vocabulary).

        tokens: (batch, n), at positions start...; past: a list a layer, [] each to begin.
        """
        turned = llama.rotations(self.config, start, tokens.shape[1])
        x = llama.embed(self.rest, tokens)
        for w, kept in zip(self.layers, past, strict=True):
            x = llama.layer(w, x, self.config, turned, kept)
        return llama.logits(self.rest, x[:, -1], self.config)

    def write(
        self, prompt: list[int], limit: int, temperature: float = 0.0, seed: int | None = None
    ) -> Iterator[int]:
        """Yield the tokens that follow a prompt, until one of `config.stops`, which is left out.

        limit: tokens at most. temperature: 0 takes the likeliest. Raises ValueError for a prompt
        that is empty or, with the limit, beyond the model's context.
        """
        if not 0 < len(prompt) <= self.config.context - limit:
            raise ValueError(f"a prompt of {len(prompt)} tokens; 1..{self.config.context - limit}")
        draw = torch.Generator()
        draw.manual_seed(seed) if seed is not None else draw.seed()
        past: list[list[Tensor]] = [[] for _ in self.layers]
        fed, start = torch.tensor([prompt]), 0
        for _ in range(limit):
            with torch.inference_mode():
                scores = self.logits(fed, past, start)[0]
            start += fed.shape[1]
            if temperature > 0:
                token = int(
                    torch.multinomial((scores / temperature).softmax(-1), 1, generator=draw)
                )
            else:
                token = int(scores.argmax())
            if token in self.config.stops:
                return
            yield token
            fed = torch.tensor([[token]])


def speed(source: Source, prompt: int = 256, written: int = 16) -> tuple[float, float]:
    """Return tokens a second measured here: of reading a prompt, of writing behind it."""
    writer = Writer(source)
    tokens = torch.arange(prompt)[None, :] % writer.config.vocabulary
    past: list[list[Tensor]] = [[] for _ in writer.layers]
    with torch.inference_mode():
        start = time.perf_counter()
        writer.logits(tokens, past, 0)
        read = time.perf_counter() - start
        for at in range(written + 1):
            start = time.perf_counter() if at == 1 else start  # the first warms up
            writer.logits(tokens[:, :1], past, prompt + at)
    return prompt / read, written / (time.perf_counter() - start)
