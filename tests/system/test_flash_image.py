"""`limpet image build`: the bytes that it writes are the bytes that the emulator boots."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from host import flash_volume
from host.boards import load_board
from host.emulator import World
from host.errors import UserError
from host.image import board_files
from host.image_build import boots, files_region
from tests.base_images import WITH_VFS, base_image

BOARD = load_board("esp32-devkit")
SETTINGS = {"device": "kitchen", "broker": {"host": "127.0.0.1", "port": 9}}


MICROPYTHON = shutil.which("micropython")
# A flash in RAM with the ESP32's parameters; what is on it is told as a JSON object of SHA-256s.
MOUNT = """
import binascii, hashlib, json, os, sys
try:
    from vfs import VfsLfs2, mount
except ImportError:
    from os import VfsLfs2, mount

class Flash:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.data = bytearray(f.read())
    def readblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        buf[:] = self.data[at : at + len(buf)]
    def writeblocks(self, block, buf, offset=0):
        at = block * 4096 + offset
        self.data[at : at + len(buf)] = buf
    def ioctl(self, op, arg):
        return {4: len(self.data) // 4096, 5: 4096}.get(op, 0)

mount(VfsLfs2(Flash(sys.argv[1]), readsize=32, progsize=32, lookahead=32), "/m")

def walk(folder, found):
    for name, kind, *_ in os.ilistdir("/m" + folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path, found)
        else:
            with open("/m" + path, "rb") as f:
                found[path] = binascii.hexlify(hashlib.sha256(f.read()).digest()).decode()
    return found

print(json.dumps(walk("", {})))
"""


def build(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "host.cli", "image", "build", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"NO_COLOR": "1"},
    )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("image")
    (folder / "s.json").write_text(json.dumps(SETTINGS))
    out = folder / "files.bin"
    done = build("-o", str(out), "--settings", str(folder / "s.json"))
    assert (done.returncode, done.stdout) == (0, f"{out}\n"), done.stderr
    assert out.stat().st_mode & 0o77 == 0  # its settings are secret
    return out.read_bytes()


def test_the_image_holds_what_a_board_gets_in_exactly_its_blocks(image: bytes) -> None:
    assert len(image) == BOARD.vfs_bytes
    assert flash_volume.unpack(image) == board_files(BOARD, SETTINGS)
    assert image[8:16] == b"littlefs"
    assert image[20:28] == (0x00020000).to_bytes(4, "little") + (4096).to_bytes(4, "little")
    assert int.from_bytes(image[28:32], "little") == BOARD.vfs_bytes // 4096


def test_the_emulator_boots_these_bytes(image: bytes, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    flash.write_bytes(image)
    with World(seed=1) as world:
        board = world.board(storage=flash)
        assert board.flash.image() == image
        board.start()
        world.wait_for(lambda: "as kitchen" in board.serial.text, 20)
    assert flash.read_bytes()[: 2 * 4096] != b"\xff" * 8192


@pytest.mark.skipif(not MICROPYTHON, reason="no micropython (its unix port) is on PATH")
def test_micropython_on_this_desktop_mounts_it(image: bytes, tmp_path: Path) -> None:
    (tmp_path / "files.bin").write_bytes(image)
    (tmp_path / "mount.py").write_text(MOUNT)
    done = subprocess.run(
        [str(MICROPYTHON), "-X", "heapsize=16m", str(tmp_path / "mount.py"), "files.bin"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
    )
    if "VfsLfs2" in done.stderr and "ImportError" in done.stderr:
        pytest.skip("this micropython was built without VfsLfs2")
    assert done.returncode == 0, done.stderr
    files = board_files(BOARD, SETTINGS)
    wanted = {path: hashlib.sha256(data).hexdigest() for path, data in files.items()}
    assert json.loads(done.stdout) == wanted


def test_blocks_that_are_not_used_may_hold_anything(image: bytes) -> None:
    part = flash_volume.used(image)
    assert len(part) < len(image)
    garbage = part + bytes(range(256)) * ((len(image) - len(part)) // 256)
    assert flash_volume.unpack(garbage) == flash_volume.unpack(image)
    boots(BOARD, garbage)


WRONG_SIZES = {"a block less": -4096, "half": -(1 << 20), "a block more": 4096}


@pytest.mark.parametrize("more", WRONG_SIZES.values(), ids=WRONG_SIZES)
def test_an_image_of_another_size_is_no_file_system(image: bytes, more: int) -> None:
    with pytest.raises(UserError, match="no file system"):
        flash_volume.unpack((image + b"\xff" * 4096)[: len(image) + more])


def test_files_that_do_not_fit_are_refused() -> None:
    with pytest.raises(UserError, match="do not fit 64 KB"):
        flash_volume.pack({"/big": bytes(70000)}, 65536)


def test_an_image_that_does_not_boot_is_refused() -> None:
    broken = board_files(BOARD, SETTINGS) | {"/main.py": b"import nothing"}
    with pytest.raises(UserError, match="does not boot"):
        boots(BOARD, flash_volume.pack(broken, BOARD.vfs_bytes))


def test_a_merged_image_has_the_base_and_the_files_in_their_places(tmp_path: Path) -> None:
    base = base_image(BOARD, WITH_VFS)
    (tmp_path / "base.bin").write_bytes(base)
    out = tmp_path / "all.bin"
    done = build("-o", str(out), "--merged", "--base", str(tmp_path / "base.bin"))
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    assert data[:0x1000] == b"\xff" * 0x1000 and data[0x1000 : 0x1000 + len(base)] == base
    assert "/settings.json" not in flash_volume.unpack(data[0x200000:])


def test_a_hosted_image_has_parts_and_no_settings(tmp_path: Path) -> None:
    c3 = load_board("esp32c3-xiao")
    (tmp_path / "base.bin").write_bytes(base_image(c3))
    site = tmp_path / "site"
    done = build("--web", str(site), "--board", c3.name, "--base", str(tmp_path / "base.bin"))
    assert done.returncode == 0, done.stderr
    manifest = json.loads((site / "manifest.json").read_text())
    (chosen,) = manifest["builds"]
    assert chosen["chipFamily"] == "ESP32-C3"
    assert [part["offset"] for part in chosen["parts"]] == [0, 0x200000]
    files = (site / chosen["parts"][1]["path"]).read_bytes()
    assert "/settings.json" not in flash_volume.unpack(files.ljust(c3.vfs_bytes, b"\xff"))


MISUSE = {
    "no file": ([], 2, "name a file"),
    "merged without a base": (["-o", "x.bin", "--merged"], 2, "name MicroPython's image"),
    "settings for everybody": (["--web", "x", "--base", "b", "--settings", "s"], 2, "has none"),
    "a base that is not there": (["-o", "x.bin", "--base", "none.bin"], 1, "cannot be read"),
    "settings that are not there": (["-o", "x.bin", "--settings", "none"], 1, "no settings"),
}


@pytest.mark.parametrize("arguments, code, words", MISUSE.values(), ids=MISUSE)
def test_misuse_gets_words(arguments: list[str], code: int, words: str) -> None:
    done = build(*arguments)
    assert done.returncode == code and words in done.stderr and "Traceback" not in done.stderr


def test_files_for_another_flash_size_fill_it() -> None:
    region = files_region(BOARD, SETTINGS, flash_bytes=8 << 20)
    assert (region.offset, region.end) == (0x200000, 8 << 20)
