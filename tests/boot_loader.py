"""esp32-mock-bootloader as a process of ours: a chip's boot loader behind a TCP port."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LIMIT_S = "300"


@dataclass(frozen=True)
class BootLoader:
    """Where it listens, on the loopback."""

    port: int

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"


@contextmanager
def boot_loader(chip: str) -> Iterator[BootLoader]:
    """Run one, with a flash of 4 MB that is erased."""
    module = ("-m", "esp32_mock_bootloader.cli", "run", "--chip", chip, "--port", "0")
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder, "port")
        os.mkfifo(told)  # reading it waits until the port is known
        process = subprocess.Popen(
            [sys.executable, *module, "--timeout", _LIMIT_S, "--port-file", str(told)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"ESP32_MOCK_BOOTLOADER_STATE_DIR": folder},
        )
        try:
            yield BootLoader(int(told.read_text()))
        finally:
            process.kill()
            process.wait()
