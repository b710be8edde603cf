"""The network in numpy: an encoder over words, a decoder over symbols and pointers to words.

Both are pre-norm transformers (RMS norm, no biases except in the attention over distance). An
action is a symbol or a pointer; a pointed-to word enters the decoder as a projection of its
encoding. One sentence at a time, no padding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
REACH = 8  # distances beyond this share one attention bias


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the network: width, heads, inner width of the feed-forward part, layers, rows."""

    width: int = 128
    heads: int = 4
    inner: int = 256
    encoder_layers: int = 3
    decoder_layers: int = 2
    buckets: int = 4096
    symbols: int = 64
    max_words: int = 64
    max_actions: int = 64

    def as_dict(self) -> dict[str, int]:
        """Return the sizes by name, as the weights file stores them."""
        return asdict(self)


def _norm(x: Array, gain: Array) -> Array:
    """x: (..., width)."""
    return x * (gain / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-6))


def _softmax(x: Array) -> Array:
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


class Network:
    """The network with its weights; it keeps no state between calls, so threads may share it.

    weights: name to float32 array, as `train.py` writes them; a linear layer is stored (out, in).
    """

    def __init__(self, shape: Shape, weights: Mapping[str, Array]) -> None:
        """Keep the weights ready for row vectors times matrix."""
        self.shape = shape
        self._w = {
            name: np.ascontiguousarray(array.T)
            if array.ndim == 2 and "embed" not in name
            else array
            for name, array in weights.items()
        }
        self._scale = np.float32(1.0 / np.sqrt(shape.width // shape.heads))
        offsets = np.arange(shape.max_words)
        far = np.clip(offsets[None, :] - offsets[:, None], -REACH, REACH) + REACH
        self._near = [
            self._w[f"enc{n}.near_embed"][:, far] for n in range(shape.encoder_layers)
        ]  # each (heads, max_words, max_words)

    def encode(self, words: Sequence[Sequence[int]]) -> Encoding:
        """Return the encoding of a sentence.

        words: for each word its embedding rows, at least one word.
        """
        w, n = self._w, len(words)
        flat = np.fromiter((row for rows in words for row in rows), dtype=np.intp)
        sizes = np.array([len(rows) for rows in words])
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        root: Array = np.sqrt(sizes).astype(np.float32)[:, None]
        bags: Array = np.add.reduceat(w["word_embed"][flat], starts, axis=0)
        x: Array = bags / root
        x = x + w["place_embed"][:n]
        for layer in range(self.shape.encoder_layers):
            p = f"enc{layer}."
            h = _norm(x, w[p + "norm1"])
            q, k, v = np.split(h @ w[p + "qkv"], 3, axis=-1)
            near = self._near[layer][:, :n, :n]
            mixed = self._attend(q, self._heads(k), self._heads(v), near)
            x = np.add(x, mixed @ w[p + "out"])
            h = _norm(x, w[p + "norm2"])
            x = x + np.maximum(h @ w[p + "up"], 0) @ w[p + "down"]
        x = _norm(x, w["enc_norm"])
        cross = [
            tuple(self._heads(part) for part in np.split(x @ w[f"dec{n}.cross_kv"], 2, axis=-1))
            for n in range(self.shape.decoder_layers)
        ]
        return Encoding(x @ w["copy_in"], (x @ w["copy_key"]).T, [(k, v) for k, v in cross])

    def start(self, encoding: Encoding) -> Decoding:
        """Return a decoding of this sentence that has written nothing yet."""
        return Decoding(encoding, [None] * self.shape.decoder_layers)

    def step(self, state: Decoding, symbol: int, word: int = -1) -> Array:
        """Feed the last action (a symbol, or a word >= 0); return logits (symbols + words,)."""
        w, e = self._w, state.encoding
        x = e.copied[word] if word >= 0 else w["symbol_embed"][symbol]
        x = (x + w["step_embed"][state.length])[None, :]
        state.length += 1
        for layer in range(self.shape.decoder_layers):
            p = f"dec{layer}."
            h = _norm(x, w[p + "norm1"])
            q, k, v = np.split(h @ w[p + "qkv"], 3, axis=-1)
            new = self._heads(k), self._heads(v)
            past = state.past[layer]
            if past is not None:
                new = (
                    np.concatenate((past[0], new[0]), axis=1),
                    np.concatenate((past[1], new[1]), axis=1),
                )
            state.past[layer] = new
            x = x + self._attend(q, *new) @ w[p + "out"]
            h = _norm(x, w[p + "norm2"])
            x = x + self._attend(h @ w[p + "cross_q"], *e.cross[layer]) @ w[p + "cross_out"]
            h = _norm(x, w[p + "norm3"])
            x = x + np.maximum(h @ w[p + "up"], 0) @ w[p + "down"]
        x = _norm(x, w["dec_norm"])[0]
        pointers = (x @ w["copy_query"]) @ e.keys * np.float32(1.0 / np.sqrt(self.shape.width))
        return np.concatenate((w["symbol_embed"] @ x, pointers))

    def _heads(self, x: Array) -> Array:
        """(n, width) to (heads, n, width / heads)."""
        return x.reshape(x.shape[0], self.shape.heads, -1).transpose(1, 0, 2)

    def _attend(self, q: Array, k: Array, v: Array, bias: Array | None = None) -> Array:
        """q: (n, width); k, v: (heads, m, width / heads). Returns (n, width)."""
        scores = self._heads(q) @ k.transpose(0, 2, 1) * self._scale
        mixed = _softmax(scores if bias is None else scores + bias) @ v
        return mixed.transpose(1, 0, 2).reshape(q.shape[0], -1)


@dataclass(frozen=True, slots=True)
class Encoding:
    """A read sentence.

    copied: (n, width), words as decoder inputs. keys: (width, n). cross: keys and values a layer.
    """

    copied: Array
    keys: Array
    cross: list[tuple[Array, Array]]


@dataclass(slots=True)
class Decoding:
    """What one decoding has written so far: its length, and each layer's keys and values."""

    encoding: Encoding
    past: list[tuple[Array, Array] | None]
    length: int = 0
