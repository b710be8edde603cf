"""Training what is left of a layer: nearer to the dense one, with the same zeros."""

from dataclasses import replace

import pytest

torch = pytest.importorskip(
    "torch", reason="torch is not installed: it is for pruning and training"
)

from cloud_proxy.pruning import engine, layers, llama, measure, sources  # noqa: E402
from cloud_proxy.pruning.reconstruct import reconstructed  # noqa: E402

ROUNDINGS = {"float": 0, "INT4 in groups of 16": 16}


@pytest.fixture
def pruned_layer(tiny):
    source = sources.open_model(str(tiny))
    torch.manual_seed(2)
    x = llama.embed(source.rest(), torch.randint(300, (8, 32)))
    dense = source.layer(0)
    aim, grams = layers.observed(dense, x, source.config)
    thin = layers.pruned(dense, grams, dict.fromkeys(llama.PROJECTIONS, 0.6), "wanda")
    return source.config, x, aim, thin


def apart(w, x, aim, config):
    return float((layers.through(w, x, config) - aim).square().mean())


@pytest.mark.parametrize("group", ROUNDINGS.values(), ids=ROUNDINGS)
def test_a_trained_layer_is_much_nearer_to_the_dense_one_and_keeps_its_zeros(pruned_layer, group):
    config, x, aim, thin = pruned_layer
    made = reconstructed(thin, x, aim, config, steps=60, rate=5e-3, group=group)
    assert apart(made, x, aim, config) < 0.7 * apart(thin, x, aim, config)
    for name in llama.PROJECTIONS:
        assert not made[name + ".weight"][thin[name + ".weight"] == 0].any()


def test_a_training_that_diverges_changes_nothing(pruned_layer):
    config, x, aim, thin = pruned_layer
    made = reconstructed(thin, x, aim, config, steps=5, rate=1e3)
    assert all(torch.equal(made[name], thin[name]) for name in thin)


def test_a_tuned_run_is_exact_and_nearer_on_its_calibration(tiny, text, tmp_path):
    source = sources.open_model(str(tiny))
    plan = engine.Plan(sparsity=0.6, samples=4, length=32, bits=16, text=str(text))
    used, _ = engine.calibration(source, plan)
    lost = []
    for tune in (0, 40):
        out = tmp_path / str(tune)
        made = engine.run(source, replace(plan, tune=tune), out, lambda *_: None)
        assert made["zeros"] >= 0.5999
        x, d = (llama.embed(source.rest(), used) for _ in range(2))
        for index in range(source.config.layers):
            x = layers.through(sources.open_model(str(out)).layer(index), x, source.config)
            d = layers.through(source.layer(index), d, source.config)
        lost.append(float((x - d).square().mean()))
    assert lost[1] < lost[0]
    assert measure.perplexity(sources.open_model(str(tmp_path / "40")), used, lambda *_: None) > 1
