"""Allocations: the budget is exact, each method leans the way its paper says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_proxy.pruning.allocation import (
    HIGHEST,
    LEVELS,
    METHODS,
    Matrix,
    allocate,
    budget,
    describe,
    hill,
    lsa_beta,
    lsa_sign,
)

_PROJECTIONS = {"q": ("attention", 4096), "k": ("attention", 512), "up": ("mlp", 16384)}


def hurt(worth, sparsity):
    return worth * (np.exp(6 * sparsity) - 1)


def model(layers=6, backwards=False):
    """Return matrices whose errors, medians and tails grow with depth, and whose damage falls."""
    made = []
    for n in range(layers):
        damage = (n + 1 if backwards else layers - n) / layers
        for at, (name, (block, size)) in enumerate(_PROJECTIONS.items()):
            made.append(
                Matrix(
                    f"{n}.{name}", n, block, size,
                    error=(n + 1) ** 2 + at, outliers=0.1 / (n + 1), median=n + 1.0, alpha=2 + n / 3,
                    damage=tuple((x, hurt(damage, x)) for x in (0.3, 0.5, 0.7, 0.9)),
                )
            )  # fmt: skip
    return made


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sparsity", (0.05, 0.5, 0.6, 0.7, 0.95))
def test_the_budget_is_exact(method, level, sparsity):
    matrices = model()
    shares = allocate(method, matrices, sparsity, level)
    removed = sum(round(shares[m.name] * m.size) for m in matrices)
    total = sum(m.size for m in matrices)
    assert abs(removed / total - sparsity) <= 0.001
    assert all(0 <= share <= HIGHEST for share in shares.values())


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-3, 4), st.integers(1, 10**8)), min_size=1, max_size=40),
    st.floats(0, HIGHEST),
)
def test_any_wish_is_clipped_and_shifted_to_the_budget(wishes, sparsity):
    shares, sizes = (np.array(column, dtype=np.float64) for column in zip(*wishes, strict=True))
    fixed = budget(shares, sizes, sparsity)
    assert np.average(fixed, weights=sizes) == pytest.approx(sparsity, abs=1e-6)
    assert fixed.min() >= 0 and fixed.max() <= HIGHEST
    order = np.argsort(shares)
    assert (np.diff(fixed[order]) >= -1e-12).all()


DEEPER_IS = {
    "uniform": 0, "owl": 1, "dlp": 1, "alpha": 1, "ramp": 1, "lsa": 1, "lsa-reversed": -1,
    "lsa-measured": 1, "sensitivity": 1,
}  # fmt: skip


@pytest.mark.parametrize("method, sign", DEEPER_IS.items(), ids=DEEPER_IS)
def test_methods_lean_as_their_papers_say(method, sign):
    shares = allocate(method, model(), 0.6)
    assert np.sign(round(shares["5.q"] - shares["0.q"], 9)) == sign


def test_reversed_lsa_mirrors_lsa_around_the_budget():
    one, other = (allocate(m, model(), 0.7) for m in ("lsa", "lsa-reversed"))
    sizes = [m.size for m in model()]
    assert np.average(list(one.values()), weights=sizes) == pytest.approx(0.7)
    for name in one:
        assert one[name] + other[name] == pytest.approx(1.4, abs=1e-6)


def test_lsa_spreads_layers_by_twice_the_published_beta():
    shares = allocate("lsa", model(), 0.7)
    assert max(shares.values()) - min(shares.values()) == pytest.approx(2 * 0.15)


def test_lsa_on_projections_gives_small_matrices_the_larger_moves():
    shares = allocate("lsa", model(), 0.5, "projection")
    moved = {name: abs(share - np.mean(list(shares.values()))) for name, share in shares.items()}
    assert moved["0.k"] > moved["0.q"] > moved["0.up"]


BETAS = {
    "at 70%": (0.7, 0.15),
    "between": (0.65, 0.125),
    "below 10%": (0.05, 0.06),
    "above": (0.9, 0.12),
}


@pytest.mark.parametrize("sparsity, beta", BETAS.values(), ids=BETAS)
def test_lsa_beta_is_the_published_one_or_between_two(sparsity, beta):
    assert lsa_beta(sparsity) == pytest.approx(beta)


def test_the_measured_sign_follows_the_damage():
    assert lsa_sign(model()) == 1
    assert lsa_sign(model(backwards=True)) == -1
    assert allocate("lsa-measured", model(backwards=True), 0.6) == allocate(
        "lsa-reversed", model(backwards=True), 0.6
    )


def test_measured_sensitivity_has_the_least_damage_of_all_allocations():
    matrices = model()

    def damage(method):
        shares = allocate(method, matrices, 0.6)
        return sum(hurt((6 - m.layer) / 6, shares[m.name]) for m in matrices[::3])

    damages = {method: damage(method) for method in METHODS}
    assert min(damages, key=damages.__getitem__) == "sensitivity"


MISUSE = {
    "an unknown method": ("luck", "layer", 0.5, model()),
    "an unknown level": ("lsa", "galaxy", 0.5, model()),
    "more than can go": ("lsa", "layer", 0.995, model()),
    "no damage measured": ("sensitivity", "layer", 0.5, [Matrix("q", 0, "attention", 4)]),
}


@pytest.mark.parametrize("method, level, sparsity, matrices", MISUSE.values(), ids=MISUSE)
def test_misuse_is_a_value_error(method, level, sparsity, matrices):
    with pytest.raises(ValueError):
        allocate(method, matrices, sparsity, level)


def test_describe_finds_the_matrix_with_outliers_and_the_one_with_a_heavy_tail():
    rng = np.random.default_rng(4)
    plain = rng.normal(size=(64, 64)).astype(np.float32)
    spiky = plain.copy()
    spiky[::8, ::8] *= 30
    low_rank = (rng.normal(size=(64, 3)) @ rng.normal(size=(3, 64))).astype(
        np.float32
    ) + 0.1 * plain
    gram = np.eye(64, dtype=np.float32) * 100
    weights = {"plain": plain, "spiky": spiky}
    found = {
        m.name: m
        for m in describe(
            2, weights, dict.fromkeys(weights, gram), dict.fromkeys(weights, "mlp"), 100
        )
    }
    assert found["spiky"].outliers > 5 * found["plain"].outliers
    assert found["plain"].layer == 2 and found["plain"].size == 4096
    assert found["plain"].error > 0 and found["plain"].median > 0
    assert hill(low_rank) < hill(plain)
