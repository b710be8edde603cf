"""What the committed results say, and that docs/pruning.md says the same."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def values():
    return {
        r["metric"]: r["value"] for r in json.loads((RESULTS / "pruning_smollm2.json").read_text())
    }


def test_the_page_has_the_tables_of_the_results():
    spec = importlib.util.spec_from_file_location("tables", ROOT / "benchmarks/pruning/tables.py")
    tables, path = importlib.util.module_from_spec(spec), list(sys.path)
    try:
        spec.loader.exec_module(tables)
    finally:
        sys.path[:] = path
    text = (ROOT / "docs" / "pruning.md").read_text("utf-8")
    assert text == tables.page(text), "run python benchmarks/pruning/tables.py"


@pytest.mark.parametrize("seed", (1, 2))
def test_lsa_beats_uniform_on_smollm2_and_its_reverse_loses(seed):
    found = values()
    lsa, uniform, reverse = (
        found[f"wanda {name} 70% seed {seed}"]
        for name in ("LSA layer", "uniform", "LSA layer reversed")
    )
    assert reverse > uniform > lsa > found["dense"]
