"""`limpet-proxy prune` from the outside: data on stdout, errors to read, exit codes."""

import json
import subprocess
import sys

import pytest

SMALL = ("--samples", "4", "--length", "32", "--threads", "1")


def prune(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "cloud_proxy", "prune", *map(str, arguments)],
        capture_output=True, text=True, cwd=cwd, timeout=110,
    )  # fmt: skip


def test_probe_run_eval_report_and_export_are_one_path(tiny, text, tmp_path):
    common = (*SMALL, "--text", text, "--sparsity", "0.6", "--json")
    probed = prune("probe", tiny, "--work", tmp_path / "work", *common)
    assert probed.returncode == 0, probed.stderr
    best = json.loads(probed.stdout)["candidates"][0]
    out = tmp_path / "out"
    chosen = ("--allocation", best["method"], "--level", best["level"], "--out", out)
    ran = prune("run", tiny, *chosen, *common)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout)["zeros"] >= 0.599
    options = ("--text", text, "--windows", "2", "--length", "32", "--json")
    measured = [json.loads(prune("eval", model, *options).stdout) for model in (tiny, out)]
    assert measured[0]["perplexity"] != measured[1]["perplexity"]
    assert measured[1]["write_tokens_per_s"] > 0
    told = prune("report", out)
    assert told.returncode == 0 and "bits per pruned weight" in told.stdout
    moved = prune("export", out, tmp_path / "hf")
    assert moved.returncode == 0 and (tmp_path / "hf" / "model.safetensors.index.json").exists()


DAMAGES = {
    "a layer that was cut": ("layer-001.packed", lambda c: c[:-9], "damaged"),
    "no tokenizer": ("tokenizer.json", None, "has no tokenizer"),
    "a configuration that is no JSON": ("config.json", lambda c: c[:9], "is no model"),
}


@pytest.mark.parametrize("name, damage, said", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_model_is_an_error_to_read(tiny, text, tmp_path, name, damage, said):
    from cloud_proxy.pruning import engine, sources

    plan = engine.Plan(samples=2, length=32, text=str(text))
    engine.run(sources.open_model(str(tiny)), plan, tmp_path / "out", lambda *_: None)
    file = tmp_path / "out" / name
    file.write_bytes(damage(file.read_bytes())) if damage else file.unlink()
    done = prune("eval", tmp_path / "out", "--text", text, "--windows", "1", "--length", "32")
    assert done.returncode == 1 and said in done.stderr
    assert "Traceback" not in done.stderr


MISUSE = {
    "a model that is not there": (("eval", "nowhere"), 1, "error: nowhere is no model"),
    "a report of nothing": (("report", "nowhere"), 1, "is no pruned model"),
    "an export of nothing": (("export", "nowhere", "there"), 1, "cannot be exported"),
    "an unknown score": (("probe", "x", "--score", "luck"), 2, "magnitude"),
    "an unknown allocation": (
        ("run", "x", "--out", "y", "--allocation", "luck"),
        2,
        "sensitivity",
    ),
    "more than all": (("run", "x", "--out", "y", "--sparsity", "1.5"), 2, "0.99"),
}


@pytest.mark.parametrize("arguments, code, said", MISUSE.values(), ids=MISUSE)
def test_misuse_says_what_to_do(tmp_path, arguments, code, said):
    if arguments[0] == "eval":
        for package in ("torch", "tokenizers"):
            pytest.importorskip(package, reason=f"{package} is not installed: it is for pruning")
    done = prune(*arguments, cwd=tmp_path)
    assert done.returncode == code and said in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ("probe", "run", "eval", "report", "export", "serve"))
def test_help_has_examples(command):
    assert "Examples:" in prune(command, "--help").stdout
