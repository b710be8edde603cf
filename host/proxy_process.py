"""`limpet-proxy` as a child process: the host starts it by its command line, never imports it."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from host.errors import UserError

READY_TIMEOUT_S = 30.0
DRAIN_TIMEOUT_S = 15.0
_COMMAND = (sys.executable, "-m", "cloud_proxy")


class ProxyProcess:
    """A proxy that serves one broker and keeps its ledger in a file.

    config: a TOML file for `limpet-proxy serve`, or None for the edge tier alone.
    """

    def __init__(self, broker: str, folder: Path, config: Path | None = None) -> None:
        """Start it; it is ready on return. Raises UserError with what it said if it is not."""
        self.ledger = folder / "ledger.sqlite"
        self._log = folder / "proxy.log"
        read_fd, write_fd = os.pipe()
        command = [*_COMMAND, "serve", "--broker", broker, "--ledger", str(self.ledger)]
        command += ["--ready-fd", str(write_fd)]
        if config:
            command += ["--config", str(config)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[write_fd]
            )
        os.close(write_fd)
        readable, _, _ = select.select([read_fd], [], [], READY_TIMEOUT_S)
        said = os.read(read_fd, 16) if readable else b""
        os.close(read_fd)
        if not said:  # a pipe that closes unwritten: it has ended
            self.kill()
            raise UserError(
                "limpet-proxy did not start",
                self.log.strip() or f"it said nothing within {READY_TIMEOUT_S:.0f} s",
                "run it by hand: limpet-proxy serve --broker " + broker,
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def log(self) -> str:
        """Return what it has written to stdout and stderr."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Let it finish what is under way, then end it. Safe to call twice."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(DRAIN_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self._process.kill()
        self._process.wait(DRAIN_TIMEOUT_S)

    def report(self, rows: bool = False) -> list[dict[str, Any]]:
        """Return the ledger: a row a tier, or with rows one an attempt."""
        command = [*_COMMAND, "report", "--json", "--ledger", str(self.ledger)]
        if rows:
            command.append("--rows")
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise UserError(
                "the ledger cannot be read", done.stderr.strip(), "see the proxy's log"
            )
        return json.loads(done.stdout)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for one run's ledger and logs; it removes itself when closed."""
    return tempfile.TemporaryDirectory(prefix="limpet-run-")
