"""The generated pages say what the code says."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_generated_docs_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_what_is_said_of_pre_shared_keys_holds_for_the_images_that_are_flashed() -> None:
    """MicroPython has TLS-PSK since June 2026; a later image makes the pages wrong."""
    lock = (ROOT / "boards" / "firmware.lock").read_text()
    images = set(re.findall(r"-(\d{8})-(v[\d.]+)\.bin", lock))
    assert images and all(date < "20260601" for date, _ in images)
    for page in ("broker.md", "link.md"):
        text = (ROOT / "docs" / page).read_text()
        assert {version for _, version in images} <= set(re.findall(r"v\d+\.\d+\.\d+", text))
    recorded = json.loads((ROOT / "tests" / "fixtures" / "esp32-v1.23.json").read_text())
    assert "psk" not in str(recorded["modules"]["ssl"]) + str(recorded["modules"]["tls"])
