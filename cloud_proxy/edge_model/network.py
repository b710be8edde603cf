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


def _norm(x: Array) -> Array:
    """x: (n, width). The gain of the norm is folded into the matrices that follow."""
    mean = np.full(x.shape[1], 1.0 / x.shape[1], dtype=np.float32)
    return np.divide(x, np.sqrt((x * x) @ mean + np.float32(1e-6))[:, None])


def _softmax(x: Array) -> Array:
    """x: (heads, n, m), over m; changed in place."""
    x -= x.max(axis=-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(axis=-1, keepdims=True)
    return x


def _folded(shape: Shape, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Return the weights for row vectors times matrix, with gains and score scales multiplied in.

    Matrices come out as (in, out); `answer` is symbol_embed (width, symbols) behind the last norm.
    """
    w = dict(weights)
    w["answer"] = w["symbol_embed"] * w["dec_norm"]
    gains = {"answer": "", "copy_query": "dec_norm", "copy_in": "enc_norm", "copy_key": "enc_norm"}
    for n in range(shape.encoder_layers):
        gains |= {f"enc{n}.qkv": f"enc{n}.norm1", f"enc{n}.up": f"enc{n}.norm2"}
    for n in range(shape.decoder_layers):
        gains |= {f"dec{n}.qkv": f"dec{n}.norm1", f"dec{n}.cross_q": f"dec{n}.norm2"}
        gains |= {f"dec{n}.up": f"dec{n}.norm3", f"dec{n}.cross_kv": "enc_norm"}
    for name, gain in gains.items():
        w[name] = w[name] * w[gain] if gain else w[name]
        if name.endswith((".qkv", ".cross_q")):
            w[name][: shape.width] *= np.float32(1.0 / np.sqrt(shape.width // shape.heads))
    w["copy_query"] = w["copy_query"] * np.float32(1.0 / np.sqrt(shape.width))
    return {
        name: np.ascontiguousarray(array.T) if array.ndim == 2 and "embed" not in name else array
        for name, array in w.items()
    }


class Network:
    """The network with its weights; it keeps no state between calls, so threads may share it.

    weights: name to float32 array, as `train.py` writes them; a linear layer is stored (out, in).
    """

    def __init__(self, shape: Shape, weights: Mapping[str, Array]) -> None:
        """Fold and turn the weights once."""
        self.shape = shape
        self._w = _folded(shape, weights)
        offsets = np.arange(shape.max_words)
        far = np.clip(offsets[None, :] - offsets[:, None], -REACH, REACH) + REACH
        self._near = [
            self._w[f"enc{n}.near_embed"][:, far] for n in range(shape.encoder_layers)
        ]  # each (heads, max_words, max_words)

    def encode(self, words: Sequence[Sequence[int]]) -> Encoding:
        """Return the encoding of a sentence.

        words: for each word its embedding rows, at least one word.
        """
        w, n, d = self._w, len(words), self.shape.width
        flat = np.fromiter((row for rows in words for row in rows), dtype=np.intp)
        sizes = np.array([len(rows) for rows in words])
        starts = np.concatenate(([0], np.cumsum(sizes)[:-1]))
        root: Array = np.sqrt(sizes).astype(np.float32)[:, None]
        bags: Array = np.add.reduceat(w["word_embed"][flat], starts, axis=0)
        x: Array = bags / root
        x += w["place_embed"][:n]
        for layer in range(self.shape.encoder_layers):
            p = f"enc{layer}."
            qkv = _norm(x) @ w[p + "qkv"]
            q, k, v = qkv[:, :d], self._heads(qkv[:, d : 2 * d]), self._heads(qkv[:, 2 * d :])
            x += self._attend(q, k, v, self._near[layer][:, :n, :n]) @ w[p + "out"]
            x += np.maximum(_norm(x) @ w[p + "up"], 0) @ w[p + "down"]
        x = _norm(x)
        cross: list[tuple[Array, Array]] = []
        for layer in range(self.shape.decoder_layers):
            kv = x @ w[f"dec{layer}.cross_kv"]
            cross.append((self._heads(kv[:, :d]), self._heads(kv[:, d:])))
        return Encoding(x @ w["copy_in"], (x @ w["copy_key"]).T, cross)

    def start(self, encoding: Encoding) -> Decoding:
        """Return a decoding of this sentence that has written nothing yet."""
        s = self.shape
        size = (s.decoder_layers, 2, s.heads, s.max_actions, s.width // s.heads)
        return Decoding(encoding, np.empty(size, dtype=np.float32))

    def step(self, state: Decoding, symbol: int, word: int = -1) -> Array:
        """Feed the last action (a symbol, or a word >= 0); return logits (symbols + words,)."""
        w, e, d, at = self._w, state.encoding, self.shape.width, state.length
        fed = e.copied[word] if word >= 0 else w["symbol_embed"][symbol]
        x: Array = (fed + w["step_embed"][at])[None, :]
        state.length = at + 1
        for layer in range(self.shape.decoder_layers):
            p, past = f"dec{layer}.", state.past[layer]
            qkv = _norm(x) @ w[p + "qkv"]
            past[:, :, at] = qkv[0, d:].reshape(2, self.shape.heads, -1)
            x += self._attend(qkv[:, :d], *past[:, :, : at + 1]) @ w[p + "out"]
            x += self._attend(_norm(x) @ w[p + "cross_q"], *e.cross[layer]) @ w[p + "cross_out"]
            x += np.maximum(_norm(x) @ w[p + "up"], 0) @ w[p + "down"]
        x = _norm(x)
        pointers = (x @ w["copy_query"]) @ e.keys
        return np.concatenate((x @ w["answer"], pointers), axis=1)[0]

    def weigh(
        self,
        views: Sequence[Sequence[Sequence[int]]],
        start: int,
        actions: Sequence[tuple[int, int]],
    ) -> Array:
        """Return the log probability of each action in each view of a sentence: (views, actions).

        views: the same words, each with its embedding rows. start: the symbol fed first. actions:
        (symbol, -1) or (0, word).
        """
        w, s, count, steps = self._w, self.shape, len(views), len(actions)
        d, n = s.width, len(views[0])
        bags = [w["word_embed"][list(rows)].sum(0) / len(rows) ** 0.5 for v in views for rows in v]
        x: Array = np.stack(bags).astype(np.float32) + np.tile(w["place_embed"][:n], (count, 1))
        for layer in range(s.encoder_layers):
            p = f"enc{layer}."
            qkv = _norm(x) @ w[p + "qkv"]
            q, k, v = qkv[:, :d], qkv[:, d : 2 * d], qkv[:, 2 * d :]
            x += self._attend_all(count, q, k, v, self._near[layer][:, :n, :n]) @ w[p + "out"]
            x += np.maximum(_norm(x) @ w[p + "up"], 0) @ w[p + "down"]
        x = _norm(x)
        copied = (x @ w["copy_in"]).reshape(count, n, d)
        fed = np.empty((count, steps, d), dtype=np.float32)
        for at, (symbol, word) in enumerate(((start, -1), *actions[:-1])):
            fed[:, at] = copied[:, word] if word >= 0 else w["symbol_embed"][symbol]
        h: Array = (fed + w["step_embed"][:steps]).reshape(count * steps, d)
        later = np.triu(np.full((steps, steps), -1e9, dtype=np.float32), 1)
        for layer in range(s.decoder_layers):
            p = f"dec{layer}."
            qkv = _norm(h) @ w[p + "qkv"]
            q, k, v = qkv[:, :d], qkv[:, d : 2 * d], qkv[:, 2 * d :]
            h += self._attend_all(count, q, k, v, later) @ w[p + "out"]
            kv, q = x @ w[p + "cross_kv"], _norm(h) @ w[p + "cross_q"]
            h += self._attend_all(count, q, kv[:, :d], kv[:, d:]) @ w[p + "cross_out"]
            h += np.maximum(_norm(h) @ w[p + "up"], 0) @ w[p + "down"]
        h = _norm(h)
        keys = (x @ w["copy_key"]).reshape(count, n, d).transpose(0, 2, 1)
        pointers = (h @ w["copy_query"]).reshape(count, steps, d) @ keys
        logits = np.concatenate(((h @ w["answer"]).reshape(count, steps, -1), pointers), axis=2)
        logits -= logits.max(axis=2, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=2, keepdims=True))
        chosen = [s.symbols + word if word >= 0 else symbol for symbol, word in actions]
        return logits[:, np.arange(steps), chosen]

    def _attend_all(
        self, count: int, q: Array, k: Array, v: Array, bias: Array | None = None
    ) -> Array:
        """q: (count x n, width), scaled; k, v: (count x m, width). Returns (count x n, width)."""

        def heads(x: Array) -> Array:
            return x.reshape(count, -1, self.shape.heads, x.shape[1] // self.shape.heads).swapaxes(
                1, 2
            )

        scores = heads(q) @ heads(k).swapaxes(2, 3)
        if bias is not None:
            scores += bias
        return (_softmax(scores) @ heads(v)).swapaxes(1, 2).reshape(q.shape)

    def _heads(self, x: Array) -> Array:
        """(n, width) to (heads, n, width / heads)."""
        return x.reshape(x.shape[0], self.shape.heads, -1).transpose(1, 0, 2)

    def _attend(self, q: Array, k: Array, v: Array, bias: Array | None = None) -> Array:
        """q: (n, width), scaled; k, v: (heads, m, width / heads). Returns (n, width)."""
        scores = self._heads(q) @ k.transpose(0, 2, 1)
        if bias is not None:
            scores += bias
        return (_softmax(scores) @ v).transpose(1, 0, 2).reshape(q.shape[0], -1)


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
    """What one decoding has written so far.

    past: (layers, 2, heads, max_actions, width / heads), keys and values; `length` are filled.
    """

    encoding: Encoding
    past: Array
    length: int = 0
