"""An installed limpet, out of a wheel and away from the clone, has its boards and tables."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

setuptools = pytest.importorskip("setuptools", "77", reason="setuptools 77 is not installed")
ROOT = Path(__file__).parent.parent.parent
PARTS = ("pyproject.toml", "README.md", "LICENSE", "boards", "cloud_proxy", "firmware", "host")
BUILD = "from setuptools.build_meta import build_wheel; build_wheel('.')"


def test_a_wheel_has_what_flashing_needs(tmp_path: Path) -> None:
    clone, site = tmp_path / "clone", tmp_path / "site"
    clone.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, clone / part)
    subprocess.run([sys.executable, "-c", BUILD], cwd=clone, check=True, capture_output=True)
    (wheel,) = clone.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(site)
    shutil.rmtree(clone)

    def limpet(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "host.cli", *words],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    names = {board["name"] for board in json.loads(limpet("boards", "ls", "--json"))}
    assert names == {path.stem for path in (ROOT / "boards").glob("*.toml")}
    assert (site / "boards" / "firmware.lock").is_file()
    assert limpet("image", "build", "-o", "files.bin", "--board", "esp32c3-xiao") == "files.bin\n"
