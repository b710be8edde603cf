"""The same network in torch, for training: in batches, with the names that numpy reads."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from .network import REACH, Shape


class TorchNetwork(nn.Module):
    """See network.py; `self.weights` has the same names, linear layers as (out, in)."""

    def __init__(self, shape: Shape, dropout: float = 0.1) -> None:
        """Draw the weights from torch's seeded generator."""
        super().__init__()
        self.shape, self.dropout = shape, dropout
        self.weights = nn.ParameterDict()
        d, f = shape.width, shape.inner
        self._add("word_embed", shape.buckets, d, 0.5 / math.sqrt(d) * 4)
        self._add("place_embed", shape.max_words, d, 0.1)
        self._add("symbol_embed", shape.symbols, d, 1 / math.sqrt(d))
        self._add("step_embed", shape.max_actions, d, 0.1)
        for name in ("copy_in", "copy_key", "copy_query"):
            self._add(name, d, d, 1 / math.sqrt(d))
        for n in range(shape.encoder_layers):
            self._add(f"enc{n}.near_embed", shape.heads, 2 * REACH + 1, 0.1)
        for side, layers in (("enc", shape.encoder_layers), ("dec", shape.decoder_layers)):
            for n in range(layers):
                self._add(f"{side}{n}.qkv", 3 * d, d, 1 / math.sqrt(d))
                self._add(f"{side}{n}.out", d, d, 0.5 / math.sqrt(d))
                self._add(f"{side}{n}.up", f, d, 1 / math.sqrt(d))
                self._add(f"{side}{n}.down", d, f, 0.5 / math.sqrt(f))
                for gain in ("norm1", "norm2") + (("norm3",) if side == "dec" else ()):
                    self._gain(f"{side}{n}.{gain}")
                if side == "dec":
                    self._add(f"dec{n}.cross_q", d, d, 1 / math.sqrt(d))
                    self._add(f"dec{n}.cross_kv", 2 * d, d, 1 / math.sqrt(d))
                    self._add(f"dec{n}.cross_out", d, d, 0.5 / math.sqrt(d))
            self._gain(f"{side}_norm")
        with torch.no_grad():
            self._w("word_embed")[0] = 0

    def _add(self, name: str, rows: int, columns: int, size: float) -> None:
        self.weights[name.replace(".", "/")] = nn.Parameter(torch.randn(rows, columns) * size)

    def _gain(self, name: str) -> None:
        self.weights[name.replace(".", "/")] = nn.Parameter(torch.ones(self.shape.width))

    def _w(self, name: str) -> Tensor:
        return self.weights[name.replace(".", "/")]

    def named(self) -> dict[str, Tensor]:
        """Return the weights under the names that network.py uses."""
        return {name.replace("/", "."): value.detach() for name, value in self.weights.items()}

    def forward(self, words: Tensor, actions: Tensor, pointed: Tensor) -> Tensor:
        """Return logits (batch, steps, symbols + words), -inf where a sentence has no word.

        words: (batch, words, ids), 0 is padding. actions: (batch, steps), the symbols fed in.
        pointed: (batch, steps), the word fed in instead, or -1.
        """
        x, there = self._encode(words)
        batch, steps = actions.shape
        copied = functional.linear(x, self._w("copy_in"))
        index = pointed.clamp(min=0)[..., None].expand(-1, -1, copied.shape[-1])
        fed = torch.where(
            pointed[..., None] >= 0, copied.gather(1, index), self._w("symbol_embed")[actions]
        )
        h = self._drop(fed + self._w("step_embed")[:steps])
        causal = torch.full((steps, steps), -1e9).triu(1)
        hidden = torch.where(there, 0.0, -1e9)[:, None, None, :]
        for n in range(self.shape.decoder_layers):
            p = f"dec{n}."
            q, k, v = functional.linear(self._norm(h, p + "norm1"), self._w(p + "qkv")).chunk(
                3, -1
            )
            h = h + self._drop(
                functional.linear(self._attend(q, k, v, causal), self._w(p + "out"))
            )
            q = functional.linear(self._norm(h, p + "norm2"), self._w(p + "cross_q"))
            k, v = functional.linear(x, self._w(p + "cross_kv")).chunk(2, -1)
            h = h + self._drop(
                functional.linear(self._attend(q, k, v, hidden), self._w(p + "cross_out"))
            )
            h = h + self._drop(self._feed(self._norm(h, p + "norm3"), p))
        h = self._norm(h, "dec_norm")
        pointers = (
            functional.linear(h, self._w("copy_query"))
            @ functional.linear(x, self._w("copy_key")).mT
        )
        pointers = (pointers / math.sqrt(self.shape.width)).masked_fill(~there[:, None, :], -1e9)
        return torch.cat((functional.linear(h, self._w("symbol_embed")), pointers), -1)

    def _encode(self, words: Tensor) -> tuple[Tensor, Tensor]:
        count = (words > 0).sum(-1)
        there = count > 0
        n = words.shape[1]
        bags = functional.embedding_bag(
            words.flatten(0, 1), self._w("word_embed"), mode="sum", padding_idx=0
        )
        x = bags.unflatten(0, words.shape[:2])
        x = self._drop(x / count.clamp(min=1).sqrt()[..., None] + self._w("place_embed")[:n])
        hidden = torch.where(there, 0.0, -1e9)[:, None, None, :]
        offsets = torch.arange(n)
        far = (offsets[None, :] - offsets[:, None]).clamp(-REACH, REACH) + REACH
        for layer in range(self.shape.encoder_layers):
            p = f"enc{layer}."
            q, k, v = functional.linear(self._norm(x, p + "norm1"), self._w(p + "qkv")).chunk(
                3, -1
            )
            near = self._w(p + "near_embed")[:, far]
            x = x + self._drop(
                functional.linear(self._attend(q, k, v, hidden + near), self._w(p + "out"))
            )
            x = x + self._drop(self._feed(self._norm(x, p + "norm2"), p))
        return self._norm(x, "enc_norm"), there

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return x * (self._w(name) * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-6))

    def _feed(self, x: Tensor, p: str) -> Tensor:
        return functional.linear(
            functional.relu(functional.linear(x, self._w(p + "up"))), self._w(p + "down")
        )

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> Tensor:
        def heads(x: Tensor) -> Tensor:
            return x.unflatten(-1, (self.shape.heads, -1)).transpose(1, 2)

        scores = heads(q) @ heads(k).mT / math.sqrt(self.shape.width // self.shape.heads) + bias
        return (scores.softmax(-1) @ heads(v)).transpose(1, 2).flatten(2)
