"""The configuration: defaults, and errors that name the line and the key."""

import asyncio
import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from cloud_proxy.config import load, secret
from cloud_proxy.errors import UserError
from cloud_proxy.tiers import build

UPSTREAM = """
[tiers.groq]
kind = "openai"
url = "https://api.groq.com/openai/v1"
model = "openai/gpt-oss-120b"
"""

WRONG = {
    "a value out of range names its line": (
        "[mqtt]\nbroker = 'x:1883'\nmax_inflight = 0\n", "line 3: mqtt.max_inflight is not right"
    ),
    "a key that is misspelt names its line": (
        "[mqtt]\nbrokr = 'x:1883'\n", "line 2: mqtt.brokr is not right"
    ),
    "a tier's wrong key names its line": (
        UPSTREAM + "idle_timeout_s = -1\n", "line 6: tiers.groq.idle_timeout_s is not right"
    ),
    "a tier's missing key names its table": (
        "\n[tiers.groq]\nkind = 'openai'\nmodel = 'm'\n", "line 2: tiers.groq.url is not right"
    ),
    "an address that no request can be made of names its line": (
        UPSTREAM.replace("openai/v1", "open ai/v1"), "line 4: tiers.groq.url is not right"
    ),
    "an unknown kind names its tier": (
        "[tiers.groq]\nkind = 'magic'\n", "line 1: tiers.groq is not right"
    ),
    "a wrong key of the edge tier names its line": (
        "[tiers.edge]\nkind = 'edge'\nescalate_below = 7\n",
        "line 3: tiers.edge.escalate_below is not right",
    ),
    "no tier at all is told": ("[tiers.edge]\nkind = 'edge'\nenabled = false\n", "the file is not"),
    "no TOML at all is told": ("[mqtt\n", "is no TOML"),
}  # fmt: skip


@pytest.mark.parametrize("text, words", WRONG.values(), ids=WRONG)
def test_wrong(tmp_path, text, words):
    file = tmp_path / "proxy.toml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load(file)
    assert words in str(caught.value)
    assert str(caught.value).count("\n") == 2


def test_without_a_file_there_is_the_edge_tier_alone():
    config = load(None)
    assert [(name, tier.kind) for name, tier in config.tiers.items()] == [("edge", "edge")]
    assert config.mqtt.broker == "127.0.0.1:1883"


def test_the_edge_tier_is_there_unless_it_is_switched_off(tmp_path):
    file = tmp_path / "proxy.toml"
    file.write_text(UPSTREAM)
    assert set(load(file).tiers) == {"groq", "edge"}


ROOT = Path(__file__).parents[3]


def test_the_example_in_the_documentation_is_right(tmp_path):
    [example] = re.findall(r"```toml\n(.+?)```", (ROOT / "docs/proxy.md").read_text(), re.DOTALL)
    file = tmp_path / "proxy.toml"
    file.write_text(example)
    config = load(file)
    assert set(config.tiers) == {"edge", "cerebras", "groq", "house"} and config.budgets


def test_the_configuration_for_containers_is_right():
    config = load(ROOT / "cloud_proxy/deploy/proxy.toml")
    assert set(config.tiers) == {"edge"} and config.shared.redis_env


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(UserError, match="cannot read"):
        load(tmp_path / "none.toml")


def test_a_key_comes_from_the_environment_and_its_absence_is_told(monkeypatch):
    monkeypatch.setenv("A_KEY", " s3cret \n")
    assert secret("A_KEY", "tier x") == "s3cret"
    monkeypatch.delenv("A_KEY")
    with pytest.raises(UserError, match="A_KEY is not set"):
        secret("A_KEY", "tier x")


@pytest.mark.parametrize("key", ["sk-1\nX-Own: 1", "sk-\u20ac"], ids=["two lines", "no ASCII"])
def test_a_key_that_cannot_be_sent_is_told_and_not_shown(tmp_path, monkeypatch, key):
    monkeypatch.setenv("A_KEY", key)
    file = tmp_path / "proxy.toml"
    file.write_text(UPSTREAM + 'key_env = "A_KEY"\n')
    with pytest.raises(UserError, match="A_KEY holds more than printable ASCII") as caught:
        build(load(file))
    assert "sk-" not in str(caught.value)


@pytest.mark.parametrize(
    ("proxy", "words"),
    [("https://proxy.test:3128", "proxy.test .* cannot be used"), ("http://proxy.test:3128", "")],
)
def test_a_proxy_that_cannot_be_spoken_to_is_told_at_the_start(
    tmp_path, monkeypatch, proxy, words
):
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.delenv("no_proxy", raising=False)
    file = tmp_path / "proxy.toml"
    file.write_text(UPSTREAM)
    tier = build(load(file))["groq"]
    with pytest.raises(UserError, match=words) if words else nullcontext():
        asyncio.run(tier.start())


def test_a_model_without_a_price_is_refused(tmp_path):
    file = tmp_path / "proxy.toml"
    text = UPSTREAM.replace("https://api.groq.com/openai/v1", "http://127.0.0.1:8000/v1")
    file.write_text(text)
    with pytest.raises(UserError, match="no price is known"):
        build(load(file))
    file.write_text(text + "price = { input = 0, output = 0 }\n")
    assert build(load(file))["groq"].price.input == 0
