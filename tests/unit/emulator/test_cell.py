"""The cell goes into the one module that is known, and into no other."""

import pytest

from host.emulator import cell, vm_module
from host.emulator.soundness.leb128 import UnsupportedModule
from host.emulator.soundness.wasm_format import decode, encode


@pytest.fixture(scope="module")
def sound() -> bytes:
    return vm_module.sound_wasm(vm_module.published_wasm())


def test_the_known_module_gets_its_page_and_its_three_looks(sound: bytes) -> None:
    before, after = decode(sound), decode(cell.install(sound))
    changed = [
        old.index
        for old, new in zip(before.functions, after.functions, strict=True)
        if old.body != new.body
    ]
    assert changed == [1010, 1328, 1333]


@pytest.mark.parametrize("function", [1010, 1328])
def test_a_module_with_other_code_there_is_refused(sound: bytes, function: int) -> None:
    module = decode(sound)
    del module.function(function).body[:1]
    with pytest.raises(UnsupportedModule, match=f"function {function} "):
        cell.install(encode(module))
