"""Prune a language model on disk, a layer at a time: dense source in, folder of packed layers out.

Each layer sees the inputs that the pruned layers before it give. A run that was stopped goes on
where it stopped: what a layer's file holds is not made again.
"""
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cloud_proxy.errors import UserError

from . import llama, measure, packed, tensors, texts
from .allocation import MEASURED, allocate
from .folders import footprint, layer_file
from .layers import observed, pruned, through
from .measure import Progress
from .reconstruct import reconstructed
from .sources import Source


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run does.

    sparsity: share of the projections' weights that go. score, method, level: see scores.SCORES,
    allocation.METHODS and LEVELS. bits: 4 packs INT4, 16 keeps float16. group: columns that
    share an INT4 scale. samples, length: calibration windows and their tokens. text: a file to
    calibrate on, "" for the built-in. tune: steps that train what is left of each layer, see
    reconstruct.py.
    """

    sparsity: float = 0.5
    score: str = "wanda"
    method: str = "uniform"
    level: str = "layer"
    bits: int = 4
    group: int = 32
    samples: int = 16
    length: int = 512
    seed: int = 1
    text: str = ""
    tune: int = 0


HELD = 2  # windows kept out of the calibration


def calibration(source: Source, plan: Plan) -> tuple[Tensor, Tensor]:
    """Return the windows to calibrate on and those held out: (windows, length) each."""
    content = texts.text(Path(plan.text) if plan.text else None)
    ids = texts.tokens(source.tokenizer(), content)
    drawn = texts.windows(ids, plan.samples + HELD, plan.length, plan.seed)
    # Not the last in order, which would all come from the text's end.
    order = torch.randperm(len(drawn), generator=torch.Generator().manual_seed(plan.seed))
    return drawn[order[HELD:]], drawn[order[:HELD]]


def run(source: Source, plan: Plan, out: Path, tell: Progress) -> dict[str, Any]:
    """Prune the model into a folder and return the report that it writes there as report.json.

    Raises UserError if the folder holds another run's work.
    """
    start = time.monotonic()
    out.mkdir(parents=True, exist_ok=True)
    _claim(out, {"model": source.digest(), **asdict(plan)})
    tokens, held = calibration(source, plan)
    shares = _shares(source, plan, out / "work", tokens, held, tell)
    x, config = llama.embed(source.rest(), tokens), source.config
    aim = x  # the dense model's hidden states, which tuning aims at
    for index in range(config.layers):
        path = out / layer_file(index)
        dense = source.layer(index) if plan.tune or not _whole(path) else {}
        aim = through(dense, aim, config) if plan.tune else aim
        if not _whole(path):
            _, grams = observed(dense, x, config)
            here = {name: shares[f"{index}.{name}"] for name in llama.PROJECTIONS}
            thin = pruned(dense, grams, here, plan.score)
            if plan.tune:
                group = plan.group if plan.bits == 4 else 0
                thin = reconstructed(
                    thin, x, aim, config, steps=plan.tune, group=group, seed=plan.seed
                )
            _pack(path, thin, plan)
        x = through(_layer(path), x, config)
        tell("pruning layers", index + 1, config.layers)
    rest = {name: value.numpy().astype(np.float16) for name, value in source.rest().items()}
    packed.save(out / "rest.packed", rest, {})
    (out / "config.json").write_text(json.dumps(config.to_hf(), indent=1) + "\n")
    source.tokenizer().save(str(out / "tokenizer.json"))
    report = {"model": source.about, **asdict(plan), **footprint(out, config.layers)}
    report["seconds"] = round(time.monotonic() - start, 1)
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    return report


def _claim(out: Path, identity: Mapping[str, Any]) -> None:
    """Mark the folder as this run's, or raise UserError if it is another's."""
    mark = out / "run.json"
    if mark.exists():
        found = json.loads(mark.read_text())
        differing = [key for key in identity if found.get(key) != identity[key]]
        if differing:
            raise UserError(
                f"{out} holds another run",
                f"its {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}",
                "name another --out, or remove that folder",
            )
    elif any(out.glob("*.packed")):
        raise UserError(f"{out} is in use", "it has packed files in it", "name another --out")
    mark.write_text(json.dumps(identity, indent=1) + "\n")


def _shares(
    source: Source, plan: Plan, work: Path, tokens: Tensor, held: Tensor, tell: Progress
) -> dict[str, float]:
    if plan.method == "uniform":
        names = llama.PROJECTIONS
        return {f"{i}.{n}": plan.sparsity for i in range(source.config.layers) for n in names}
    found = measure.measure(source, tokens, work, tell)
    if plan.method in MEASURED:
        found = measure.damage(source, found, tokens, held, work, tell)
    return allocate(plan.method, found, plan.sparsity, plan.level)


def _pack(path: Path, w: Mapping[str, Tensor], plan: Plan) -> None:
    contents: dict[str, packed.Quantised | packed.Stored] = {}
    for name, value in w.items():
        array = value.numpy()
        if plan.bits == 4 and name.removesuffix(".weight") in llama.PROJECTIONS:
            contents[name] = packed.quantised(array, "sparse4", plan.group)
        else:
            contents[name] = array.astype(np.float16)
    packed.save(path, contents, {})


def _whole(path: Path) -> bool:
    try:
        packed.load(path)
    except (OSError, tensors.DamagedFile):
        return False
    return True


def _layer(path: Path) -> dict[str, Tensor]:
    contents = packed.weights(packed.load(path)[0])
    return {name: torch.from_numpy(value) for name, value in contents.items()}
