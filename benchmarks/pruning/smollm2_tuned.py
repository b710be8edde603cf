"""Perplexity of SmolLM2-135M at 70% with INT4, as packed: one-shot, and trained a layer at a time.

python benchmarks/pruning/smollm2_tuned.py [--work FOLDER] [--steps 100] writes
benchmarks/results/pruning_smollm2_tuned.json; stopped, it goes on with the layer it had reached.
Needs what smollm2.py needs, and on one busy core an hour.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
from smollm2 import Model

sys.path.insert(0, str(Path(__file__).parent.parent))
from results import row, save  # noqa: E402

from cloud_proxy.pruning import engine, sources  # noqa: E402
from cloud_proxy.pruning.layers import through  # noqa: E402
from cloud_proxy.pruning.llama import embed, losses  # noqa: E402

_NAME = "pruning_smollm2_tuned"
_PLAN = {"sparsity": 0.7, "score": "sparsegpt", "method": "ramp", "samples": 32, "length": 256}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / _NAME)
    parser.add_argument("--steps", type=int, default=100)
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = Model(args.work)
    dense = model.perplexity(0, "", {})
    how = f"{model.text.numel()} tokens of benchmarks/pruning/text.txt"
    rows = [row("dense", round(dense, 2), "perplexity", how=how)]
    for steps in (0, args.steps):
        start = time.monotonic()
        plan = engine.Plan(**_PLAN, tune=steps)
        report = engine.run(model.source, plan, args.work / f"tuned-{steps}", _tell)
        value = _perplexity(args.work / f"tuned-{steps}", model)
        rows.append(
            row(
                f"sparsegpt ramp 70% INT4, {steps} steps a layer",
                round(value, 2),
                "perplexity",
                compared_with="dense",
                ratio=value / dense,
                how=f"{how}; {report['zeros']:.1%} zeros, "
                f"{report['bits_per_pruned_weight']:.2f} bits a weight, calibrated on "
                f"{plan.samples * plan.length} tokens",
            )
        )
        print(f"{steps} steps: {value:.1f}  {time.monotonic() - start:.0f} s", flush=True)
        save(_NAME, rows)


def _perplexity(folder: Path, model: Model) -> float:
    found = sources.open_model(str(folder))
    x = embed(found.rest(), model.text)
    for index in range(found.config.layers):
        x = through(found.layer(index), x, found.config)
    return float(losses(found.rest(), x, model.text, found.config).mean().exp())


def _tell(what: str, done: int, total: int) -> None:
    print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
