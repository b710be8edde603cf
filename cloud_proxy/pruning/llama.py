"""Llama-like language models in torch, a layer at a time: for calibration, pruning and serving.

RMS norm, rotary positions, grouped-query attention, gated feed-forward; weights under the names
that Hugging Face gives them inside a layer. No batch is padded: all rows have the same length.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Weights = Mapping[str, Tensor]
Tap = Callable[[str, Tensor], None]

# projection -> the block it belongs to, and the input it shares with others
PROJECTIONS = {
    "self_attn.q_proj": ("attention", "attention"),
    "self_attn.k_proj": ("attention", "attention"),
    "self_attn.v_proj": ("attention", "attention"),
    "self_attn.o_proj": ("attention", "mixed"),
    "mlp.gate_proj": ("mlp", "mlp"),
    "mlp.up_proj": ("mlp", "mlp"),
    "mlp.down_proj": ("mlp", "gated"),
}


@dataclass(frozen=True, slots=True)
class Config:
    """Sizes of a model. context: positions it was trained for; stops: tokens that end a reply."""

    width: int
    inner: int
    layers: int
    heads: int
    kv_heads: int
    head_width: int
    vocabulary: int
    theta: float
    eps: float
    tied: bool
    context: int
    stops: tuple[int, ...]

    @classmethod
    def from_hf(cls, raw: Mapping[str, Any]) -> Config:
        """Return the sizes in a config.json. Raises ValueError for what is not like Llama."""
        family = raw.get("model_type")
        scaling = raw.get("rope_scaling") or raw.get("rope_parameters") or {}
        if family not in ("llama", "mistral", "qwen2"):
            raise ValueError(f"model_type is {family}; llama, mistral and qwen2 are known")
        if scaling.get("rope_type", scaling.get("type", "default")) != "default":
            raise ValueError("its rotary positions are scaled, which is not implemented")
        heads = raw["num_attention_heads"]
        stops = raw.get("eos_token_id")
        theta = raw.get("rope_theta") or scaling.get("rope_theta") or 10000.0
        return cls(
            width=raw["hidden_size"],
            inner=raw["intermediate_size"],
            layers=raw["num_hidden_layers"],
            heads=heads,
            kv_heads=raw.get("num_key_value_heads") or heads,
            head_width=raw.get("head_dim") or raw["hidden_size"] // heads,
            vocabulary=raw["vocab_size"],
            theta=float(theta),
            eps=float(raw.get("rms_norm_eps", 1e-6)),
            tied=bool(raw.get("tie_word_embeddings", False)),
            context=int(raw.get("max_position_embeddings", 2048)),
            stops=tuple(stops)
            if isinstance(stops, list)
            else (stops,)
            if stops is not None
            else (),
        )

    def to_hf(self) -> dict[str, Any]:
        """Return the fields of a config.json that `transformers` loads."""
        return {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "hidden_size": self.width,
            "intermediate_size": self.inner,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_width,
            "vocab_size": self.vocabulary,
            "rope_theta": self.theta,
            "rms_norm_eps": self.eps,
            "tie_word_embeddings": self.tied,
            "max_position_embeddings": self.context,
            "eos_token_id": list(self.stops),
            "torch_dtype": "float16",
        }


def rotations(config: Config, start: int, length: int) -> tuple[Tensor, Tensor]:
    """Return cosines and sines of positions start..start+length: (length, head_width) each."""
    half = torch.arange(0, config.head_width, 2, dtype=torch.float32) / config.head_width
    angles = torch.arange(start, start + length)[:, None] * config.theta**-half
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def norm(x: Tensor, gain: Tensor, eps: float) -> Tensor:
    """x: (..., width)."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * gain


def layer(
    w: Weights,
    x: Tensor,
    config: Config,
    turned: tuple[Tensor, Tensor],
    past: list[Tensor] | None = None,
    tap: Tap | None = None,
) -> Tensor:
    """Return x behind one decoder layer: (batch, tokens, width).

    turned: from `rotations`, for these tokens. past: [keys, values] of earlier tokens, replaced
    by those with the new ones; pass [] to begin. tap: called with each projection's name and its
    input.
    """

    def linear(name: str, value: Tensor) -> Tensor:
        if tap:
            tap(name, value)
        return functional.linear(value, w[name + ".weight"], w.get(name + ".bias"))

    def heads(value: Tensor) -> Tensor:  # to (batch, heads, tokens, head_width)
        return value.unflatten(-1, (-1, config.head_width)).transpose(1, 2)

    h = norm(x, w["input_layernorm.weight"], config.eps)
    q, k = (_turn(heads(linear(f"self_attn.{p}_proj", h)), turned) for p in "qk")
    v = heads(linear("self_attn.v_proj", h))
    if past:
        k, v = torch.cat((past[0], k), 2), torch.cat((past[1], v), 2)
    if past is not None:
        past[:] = [k, v]
    causal = q.shape[2] > 1
    if causal and k.shape[2] != q.shape[2]:
        raise ValueError("tokens behind a past come one at a time")
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=causal, enable_gqa=True)
    x = x + linear("self_attn.o_proj", mixed.transpose(1, 2).flatten(2))
    h = norm(x, w["post_attention_layernorm.weight"], config.eps)
    gated = functional.silu(linear("mlp.gate_proj", h)) * linear("mlp.up_proj", h)
    return x + linear("mlp.down_proj", gated)


def _turn(x: Tensor, turned: tuple[Tensor, Tensor]) -> Tensor:
    """x: (batch, heads, tokens, head_width)."""
    left, right = x.chunk(2, -1)
    return x * turned[0] + torch.cat((-right, left), -1) * turned[1]


def embed(rest: Weights, tokens: Tensor) -> Tensor:
    """tokens: (batch, tokens). Returns (batch, tokens, width)."""
    return functional.embedding(tokens, rest["embed_tokens.weight"])


def logits(rest: Weights, x: Tensor, config: Config) -> Tensor:
    """x: (..., width) behind the last layer. Returns (..., vocabulary)."""
    head = rest["embed_tokens.weight"] if config.tied else rest["lm_head.weight"]
    return functional.linear(norm(x, rest["norm.weight"], config.eps), head)


def losses(rest: Weights, x: Tensor, tokens: Tensor, config: Config) -> Tensor:
    """Return the negative log-likelihood of each next token, in nats: (batch, tokens - 1)."""
    found = [
        functional.cross_entropy(logits(rest, row[:-1], config), ids[1:], reduction="none")
        for row, ids in zip(x, tokens, strict=True)
    ]
    return torch.stack(found)
