"""Compare allocations on held-out text before a run, all in one pass over the model."""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from . import llama, measure
from .allocation import MEASURED, METHODS, Matrix, allocate, lsa_sign
from .engine import Plan, calibration
from .layers import observed, pruned, through
from .measure import Progress
from .sources import Source


@dataclass(frozen=True, slots=True)
class Candidate:
    """An allocation and its mean loss in nats a token on text it was not calibrated on."""

    method: str
    level: str
    loss: float


@dataclass(frozen=True, slots=True)
class Found:
    """The dense loss, the candidates from best to worst, what to be warned of."""

    dense: float
    candidates: list[Candidate]
    warnings: list[str]


def candidates(sensitivity: bool) -> list[tuple[str, str]]:
    """Return the pairs of method and level that a probe tries."""
    made = [(m, "layer") for m in METHODS if (sensitivity or m not in MEASURED)]
    made = [pair for pair in made if pair[0] != "lsa-measured"]  # it is one of the two others
    return made + [("lsa", "block"), ("lsa", "projection")]


def probe(
    source: Source, plan: Plan, work: Path, tell: Progress, sensitivity: bool = True
) -> Found:
    """Try the allocations at the plan's score and sparsity, without quantisation.

    Every layer is read once more for all candidates together: each carries its own hidden state
    of the held-out windows. work: what was measured stays there for a `run`.
    """
    tokens, held = calibration(source, plan)
    known = measure.measure(source, tokens, work, tell)
    if sensitivity:
        known = measure.damage(source, known, tokens, held[1:], work, tell)
    tried = candidates(sensitivity)
    shares = {pair: allocate(pair[0], known, plan.sparsity, pair[1]) for pair in tried}
    losses = _losses(source, tokens, held[:1], shares, plan.score, tell)
    dense = losses.pop(None)
    ordered = sorted((Candidate(*pair, losses[pair]) for pair in tried), key=lambda c: c.loss)
    return Found(dense, ordered, warnings(ordered, known))


def warnings(ordered: list[Candidate], known: list[Matrix]) -> list[str]:
    """Return what a person should know before choosing."""
    by_name = {(c.method, c.level): c.loss for c in ordered}
    uniform = by_name["uniform", "layer"]
    made: list[str] = []
    for level in ("layer", "block", "projection"):
        lost = by_name.get(("lsa", level), 0.0) - uniform
        if lost > 0:
            made.append(f"LSA by {level} is worse than uniform here, by {lost:.3f} nats a token")
    if known and known[0].damage and lsa_sign(known) < 0:
        made.append(
            "the layers with a high LSA error are the sensitive ones here: its sign is wrong"
        )
    if ordered[0].method == "uniform":
        made.append("nothing beats uniform here")
    return made


def _losses(
    source: Source,
    tokens: torch.Tensor,
    held: torch.Tensor,
    shares: Mapping[tuple[str, str], Mapping[str, float]],
    score: str,
    tell: Progress,
) -> dict[tuple[str, str] | None, float]:
    """Return the held-out loss of each candidate, and under None of the dense model."""
    config, rest = source.config, source.rest()
    x, start = llama.embed(rest, tokens), llama.embed(rest, held)
    states: dict[tuple[str, str] | None, torch.Tensor] = dict.fromkeys((None, *shares), start)
    for index in range(config.layers):
        w = source.layer(index)
        x, grams = observed(w, x, config)
        states[None] = through(w, states[None], config)
        for pair, by_matrix in shares.items():
            here = {name: by_matrix[f"{index}.{name}"] for name in llama.PROJECTIONS}
            states[pair] = through(pruned(w, grams, here, score), states[pair], config)
        tell("probing layers", index + 1, config.layers)
    return {
        pair: float(llama.losses(rest, state, held, config).mean())
        for pair, state in states.items()
    }


def choose(plan: Plan, found: Found) -> Plan:
    """Return the plan with the best allocation that was found."""
    best = found.candidates[0]
    return replace(plan, method=best.method, level=best.level)
