"""What the allocations need to know of the edge model, and pruning it in one shot."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from cloud_proxy.edge_model.generator.sample import Sample, sample
from cloud_proxy.edge_model.torch_network import TorchNetwork
from cloud_proxy.edge_model.train import tensors

from .allocation import Matrix, allocate, describe
from .edge import linear
from .measure import DAMAGE_AT, Progress
from .probe import Candidate, Found, candidates, warnings
from .quantise import Array
from .scores import prune

_BLOCKS = {"qkv": "attention", "out": "attention", "up": "mlp", "down": "mlp"}


def sentences(seed: int, count: int) -> list[Sample]:
    """Return that many sentences of the generator."""
    rng = random.Random(seed)
    made: list[Sample] = []
    while len(made) < count:
        one = sample(rng)
        if one.sentence.tokens:
            made.append(one)
    return made


def even(samples: Sequence[Sample]) -> list[list[Sample]]:
    """Return the samples in groups of equal words and equal actions, so that none is padded."""
    groups: dict[tuple[int, int], list[Sample]] = {}
    for s in samples:
        groups.setdefault((len(s.sentence.tokens), len(s.actions)), []).append(s)
    return list(groups.values())


class _Inputs(TorchFunctionMode):
    """Adds up X @ X.T for each weight that functional.linear is given, known by where it lies."""

    def __init__(self, names: Mapping[int, str]) -> None:
        super().__init__()
        self.names = names
        self.grams: dict[str, Tensor] = {}
        self.tokens: dict[str, int] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        if func is functional.linear and args[1].data_ptr() in self.names:
            name, flat = self.names[args[1].data_ptr()], args[0].detach().flatten(0, -2)
            self.grams[name] = self.grams.get(name, 0) + flat.T @ flat
            self.tokens[name] = self.tokens.get(name, 0) + len(flat)
        return func(*args, **(kwargs or {}))


def observe(
    net: TorchNetwork, samples: Sequence[Sample]
) -> tuple[dict[str, Array], dict[str, int]]:
    """Return the Gram matrix of each linear layer's inputs, and over how many tokens it is."""
    named = net.named()
    where = {named[n].data_ptr(): n for n in linear(list(named)) if named[n].ndim == 2}
    inputs = _Inputs(where)
    with torch.no_grad(), inputs:
        for group in even(samples):
            words, fed, pointed, _ = tensors(group)
            net(words, fed, pointed)
    return {name: gram.numpy() for name, gram in inputs.grams.items()}, inputs.tokens


def known(
    net: TorchNetwork, grams: Mapping[str, Array], tokens: Mapping[str, int]
) -> list[Matrix]:
    """Return what the allocations need; the pointers' matrices count as the last layer."""
    named = {name: value.numpy() for name, value in net.named().items() if name in grams}
    layers: dict[str, list[str]] = {}
    for name in named:
        layers.setdefault(name.split(".")[0] if "." in name else "copy", []).append(name)
    found: list[Matrix] = []
    for index, names in enumerate(sorted(layers.values(), key=_depth)):
        kinds = {n: _BLOCKS.get(n.split(".")[-1], "pointers") for n in names}
        found += describe(index, {n: named[n] for n in names}, grams, kinds, tokens[names[0]])
    return found


def _depth(names: list[str]) -> tuple[int, str]:
    return ("enc", "dec", "cop").index(names[0][:3]), names[0]


def pruned(
    net: TorchNetwork, grams: Mapping[str, Array], shares: Mapping[str, float], score: str
) -> TorchNetwork:
    """Return a copy with its linear layers pruned; shares: sparsity by name."""
    other = TorchNetwork(net.shape).eval()
    with torch.no_grad():
        for name, value in net.named().items():
            weight = value.numpy()
            if name in shares:
                weight = np.ascontiguousarray(prune(weight, grams[name], shares[name], score))
            other.weights[name.replace(".", "/")].copy_(torch.from_numpy(weight))
    return other


def loss(net: TorchNetwork, samples: Sequence[Sample]) -> float:
    """Return the mean loss an action, in nats."""
    total, count = 0.0, 0
    with torch.no_grad():
        for group in even(samples):
            words, fed, pointed, target = tensors(group)
            logits = net(words, fed, pointed).flatten(0, 1)
            total += float(functional.cross_entropy(logits, target.flatten(), reduction="sum"))
            count += target.numel()
    return total / count


def damaged(
    net: TorchNetwork,
    grams: Mapping[str, Array],
    found: Sequence[Matrix],
    held: Sequence[Sample],
    tell: Progress,
) -> list[Matrix]:
    """Return the matrices with the held-out loss that pruning their layer alone costs (Wanda)."""
    base, curves = loss(net, held), dict[int, tuple[tuple[float, float], ...]]()
    layers = sorted({m.layer for m in found})
    for layer in layers:
        names = [m.name for m in found if m.layer == layer]
        curves[layer] = tuple(
            (s, loss(pruned(net, grams, dict.fromkeys(names, s), "wanda"), held) - base)
            for s in DAMAGE_AT
        )
        tell("measuring damage", layer + 1, len(layers))
    return [replace(m, damage=curves[m.layer]) for m in found]


def probe(
    net: TorchNetwork, sparsity: float, score: str, seed: int, tell: Progress, count: int = 400
) -> Found:
    """Compare allocations on generated sentences that were not calibrated on, one-shot."""
    samples, held = sentences(seed, count), sentences(seed + 1_000_000, count)
    grams, tokens = observe(net, samples)
    matrices = damaged(net, grams, known(net, grams, tokens), held[: count // 2], tell)
    made: list[Candidate] = []
    tried = candidates(True)
    for method, level in tried:
        shares = allocate(method, matrices, sparsity, level)
        made.append(Candidate(method, level, loss(pruned(net, grams, shares, score), held)))
        tell("probing allocations", len(made), len(tried))
    ordered = sorted(made, key=lambda c: c.loss)
    return Found(loss(net, held), ordered, warnings(ordered, matrices))
