"""Pruning a Llama-like model on disk: exact, resumable, a layer at a time, and the same everywhere."""

import gc
import json
import weakref
from dataclasses import replace

import numpy as np
import pytest

from cloud_proxy.errors import UserError
from cloud_proxy.pruning.scores import SCORES

pytest.importorskip("torch", reason="torch is not installed: it is for pruning and training")

import torch  # noqa: E402

from cloud_proxy.pruning import engine, folders, llama, measure, packed, probe, sources, texts  # noqa: E402
from cloud_proxy.pruning.allocation import METHODS  # noqa: E402
from cloud_proxy.pruning.generate import Writer, speed  # noqa: E402

PLAN = engine.Plan(sparsity=0.6, samples=4, length=32, bits=16)


def quiet(what, done, total):
    pass


def plan(text, **changes):
    return replace(PLAN, text=str(text), **changes)


def weights_of(folder):
    model = sources.open_model(str(folder))
    return [
        {n: w[n + ".weight"].numpy() for n in llama.PROJECTIONS}
        for w in map(model.layer, range(model.config.layers))
    ]


@pytest.mark.parametrize("score", SCORES)
@pytest.mark.parametrize("method", METHODS)
def test_every_score_and_allocation_removes_exactly_its_share(tiny, text, tmp_path, score, method):
    made = engine.run(
        sources.open_model(str(tiny)),
        plan(text, score=score, method=method),
        tmp_path / "out",
        quiet,
    )
    assert made["zeros"] == pytest.approx(0.6, abs=0.001)


def test_every_matrix_has_its_share_under_uniform(tiny, text, tmp_path):
    engine.run(sources.open_model(str(tiny)), plan(text), tmp_path / "out", quiet)
    for layer in weights_of(tmp_path / "out"):
        for name, weight in layer.items():
            assert (weight == 0).sum() == round(0.6 * weight.size), name


def test_int4_packing_keeps_the_zeros_and_says_what_it_weighs(tiny, text, tmp_path):
    made = engine.run(
        sources.open_model(str(tiny)), plan(text, bits=4, group=16), tmp_path / "out", quiet
    )
    assert made["zeros"] >= 0.6
    # A bit of bitmap, 4 of a code for what is kept, 16 of a scale for 16 columns.
    kept = 1 - made["zeros"]
    assert made["bits_per_pruned_weight"] == pytest.approx(1 + 4 * kept + 1, abs=0.02)
    disk = sum(f.stat().st_size for f in (tmp_path / "out").glob("*.packed"))
    assert made["bytes_on_disk"] == disk


class Stopped(Exception):
    pass


def test_a_run_that_was_stopped_goes_on_and_ends_with_the_same_bytes(tiny, text, tmp_path):
    source = sources.open_model(str(tiny))
    wanted = plan(text, method="lsa", bits=4)
    engine.run(source, wanted, tmp_path / "whole", quiet)

    def stop_at_two(what, done, total):
        if what == "pruning layers" and done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        engine.run(source, wanted, tmp_path / "out", stop_at_two)
    first = tmp_path / "out" / folders.layer_file(0)
    made_at = first.stat().st_mtime_ns
    assert not (tmp_path / "out" / folders.layer_file(2)).exists()
    phases = []
    engine.run(source, wanted, tmp_path / "out", lambda what, *_: phases.append(what))
    assert "measuring layers" not in phases
    assert first.stat().st_mtime_ns == made_at
    for file in (tmp_path / "whole").glob("*.packed"):
        assert (tmp_path / "out" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_layer_that_was_cut_on_disk_is_made_again(tiny, text, tmp_path):
    source = sources.open_model(str(tiny))
    engine.run(source, plan(text), tmp_path / "out", quiet)
    file = tmp_path / "out" / folders.layer_file(1)
    content = file.read_bytes()
    file.write_bytes(content[:-7])
    with pytest.raises(packed.DamagedFile):
        sources.open_model(str(tmp_path / "out")).layer(1)
    engine.run(source, plan(text), tmp_path / "out", quiet)
    assert file.read_bytes() == content


def test_a_folder_with_another_run_is_refused(tiny, text, tmp_path):
    source = sources.open_model(str(tiny))
    engine.run(source, plan(text), tmp_path / "out", quiet)
    with pytest.raises(UserError, match="sparsity differs"):
        engine.run(source, plan(text, sparsity=0.5), tmp_path / "out", quiet)


class Counted(sources.HfFolder):
    """Notes how many of its layers are alive whenever one is asked for."""

    def __init__(self, path):
        super().__init__(path)
        self.alive, self.most = [], 0

    def layer(self, index):
        gc.collect()
        made = super().layer(index)
        self.alive = [ref for ref in self.alive if ref() is not None]
        self.alive.append(weakref.ref(made["mlp.down_proj.weight"]))
        self.most = max(self.most, len(self.alive))
        return made


ALL_LAYERS = {
    "a run": lambda s, p, t: engine.run(s, p, t, quiet),
    "a probe": lambda s, p, t: probe.probe(s, p, t, quiet),
    "an evaluation": lambda s, p, t: measure.perplexity(
        s, torch.ones(2, 16, dtype=torch.long), quiet
    ),
}


@pytest.mark.parametrize("use", ALL_LAYERS.values(), ids=ALL_LAYERS)
def test_no_more_than_the_last_layer_is_in_memory_when_the_next_is_read(tiny, text, tmp_path, use):
    source = Counted(tiny)
    use(source, plan(text, method="sensitivity"), tmp_path / "out")
    assert source.most <= 2


def test_the_calibration_has_no_padding_and_shares_no_window_with_what_is_held_out(tiny, text):
    source = sources.open_model(str(tiny))
    used, held = engine.calibration(source, plan(text))
    assert used.shape == (4, 32) and held.shape == (engine.HELD, 32)
    ids = texts.tokens(source.tokenizer(), text.read_text())
    places = {tuple(ids[at : at + 32].tolist()): at for at in range(0, len(ids) - 31, 32)}
    at = [places[tuple(row.tolist())] for row in torch.cat((used, held))]
    assert len(set(at)) == len(at)
    again, _ = engine.calibration(source, plan(text))
    other, _ = engine.calibration(source, plan(text, seed=2))
    assert torch.equal(used, again) and not torch.equal(used, other)


def test_a_text_that_is_too_short_is_an_error_to_read(tiny, tmp_path):
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(UserError, match="tokens"):
        engine.calibration(sources.open_model(str(tiny)), plan(tmp_path / "short.txt"))


def test_a_probe_orders_all_allocations(tiny, text, tmp_path):
    found = probe.probe(sources.open_model(str(tiny)), plan(text), tmp_path, quiet)
    losses = [c.loss for c in found.candidates]
    assert losses == sorted(losses)
    assert {(c.method, c.level) for c in found.candidates} == set(probe.candidates(True))
    best = probe.choose(PLAN, found)
    assert (best.method, best.level) == (found.candidates[0].method, found.candidates[0].level)


def test_a_probe_measures_what_a_pruned_model_then_loses(tiny, text, tmp_path):
    source = sources.open_model(str(tiny))
    wanted = plan(
        text, score="magnitude"
    )  # needs no inputs, so nothing depends on what came before
    found = probe.probe(source, wanted, tmp_path / "work", quiet)
    engine.run(source, replace(wanted, bits=16), tmp_path / "out", quiet)
    _, held = engine.calibration(source, wanted)
    lost = np.log(measure.perplexity(sources.open_model(str(tmp_path / "out")), held[:1], quiet))
    uniform = next(c.loss for c in found.candidates if c.method == "uniform")
    assert lost == pytest.approx(uniform, abs=0.01)  # float16 on disk


LOSSES = {
    "lsa loses": ({"uniform": 2.0, "ramp": 1.9, "lsa": 2.5}, "LSA by layer is worse than uniform"),
    "uniform wins": ({"uniform": 1.0, "ramp": 1.5, "lsa": 1.2}, "nothing beats uniform"),
}


@pytest.mark.parametrize("losses, said", LOSSES.values(), ids=LOSSES)
def test_a_probe_warns(losses, said):
    ordered = sorted(
        (probe.Candidate(m, "layer", v) for m, v in losses.items()), key=lambda c: c.loss
    )
    assert any(said in line for line in probe.warnings(ordered, []))


def test_a_probe_does_not_warn_when_lsa_wins():
    ordered = [probe.Candidate("lsa", "layer", 1.0), probe.Candidate("uniform", "layer", 2.0)]
    assert probe.warnings(ordered, []) == []


def test_writing_with_kept_keys_gives_what_reading_it_whole_gives(tiny):
    writer = Writer(sources.open_model(str(tiny)))
    prompt = [5, 17, 200, 31]
    written = list(writer.write(prompt, 12))
    for n in range(len(written)):
        with torch.inference_mode():
            tokens = torch.tensor([prompt + written[:n]])
            best = int(writer.logits(tokens, [[] for _ in writer.layers], 0)[0].argmax())
        assert best == written[n]


def test_a_seed_gives_the_same_text_again_and_a_prompt_beyond_the_context_is_refused(tiny):
    writer = Writer(sources.open_model(str(tiny)))
    draws = [list(writer.write([7, 8], 20, temperature=1.0, seed=s)) for s in (3, 3, 4)]
    assert draws[0] == draws[1] != draws[2]
    with pytest.raises(ValueError, match="256"):
        list(writer.write([1] * 256, 8))


def test_speed_is_measured(tiny):
    read, written = speed(sources.open_model(str(tiny)), prompt=16, written=2)
    assert read > 0 and written > 0


def test_the_exported_folder_is_the_same_model_here_and_in_transformers(tiny, text, tmp_path):
    engine.run(sources.open_model(str(tiny)), plan(text, bits=4), tmp_path / "out", quiet)
    folders.export_hf(tmp_path / "out", tmp_path / "hf", quiet)
    ours, theirs = (sources.open_model(str(tmp_path / n)) for n in ("out", "hf"))
    ids = torch.arange(40).view(2, 20)
    before, after = (measure.perplexity(m, ids, quiet) for m in (ours, theirs))
    assert after == pytest.approx(before, rel=0.01)
    transformers = pytest.importorskip("transformers", reason="transformers is not installed")
    with torch.inference_mode():
        model = transformers.AutoModelForCausalLM.from_pretrained(
            tmp_path / "hf", dtype=torch.float32
        )
        expected = model(ids).logits[:, -1].numpy()
        found = Writer(theirs).logits(ids, [[] for _ in range(3)], 0).numpy()
    np.testing.assert_allclose(found, expected, atol=2e-3)


BROKEN = {
    "a folder that is not there": (None, "no such file"),
    "an architecture unlike Llama's": ({"model_type": "mamba"}, "mamba"),
    "scaled positions": ({"rope_scaling": {"rope_type": "yarn"}}, "scaled"),
}


@pytest.mark.parametrize("change, said", BROKEN.values(), ids=BROKEN)
def test_what_is_no_model_for_us_is_refused_by_name(tiny, tmp_path, change, said):
    if change:
        for file in tiny.iterdir():
            (tmp_path / file.name).write_bytes(file.read_bytes())
        config = {**json.loads((tiny / "config.json").read_text()), **change}
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=said):
        sources.open_model(str(tmp_path if change else tmp_path / "none"))
