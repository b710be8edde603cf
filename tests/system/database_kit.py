"""Real Redis and Postgres servers of a test's own, on free loopback ports."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host.broker import free_port
from tests.system.proxy_kit import DEADLINE_S


def find(program: str) -> str | None:
    """Return the path of a program; Debian keeps those of Postgres beside the version."""
    versions = Path("/usr/lib/postgresql")
    beside = sorted(versions.glob(f"*/bin/{program}")) if versions.exists() else []
    return shutil.which(program) or (str(beside[-1]) if beside else None)


class Redis:
    """A Redis that may be stopped and started; it forgets nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        program = find("redis-server")
        assert program
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "yes", "--dir", str(self._folder)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _wait_for(self.port)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(DEADLINE_S)


@contextmanager
def redis_server(folder: Path) -> Iterator[Redis]:
    server = Redis(folder)
    try:
        yield server
    finally:
        server.stop()


class Postgres:
    """A Postgres that may be stopped and started; it forgets nothing that was committed."""

    def __init__(self, folder: Path) -> None:
        initdb = find("initdb")
        assert initdb
        self._folder = folder
        # it refuses to run as root
        self._user = "postgres" if os.getuid() == 0 else None
        self._data = folder / "data"
        if self._user:
            shutil.chown(folder, self._user)
        subprocess.run(
            [initdb, "-D", str(self._data), "-U", "limpet", "-A", "trust", "--no-sync"],
            user=self._user, check=True, stdout=subprocess.DEVNULL, cwd=folder,
        )  # fmt: skip
        self._port = free_port()
        self.url = f"postgresql://limpet@127.0.0.1:{self._port}/postgres"
        self.start()

    def start(self) -> None:
        program = find("postgres")
        assert program
        command = [program, "-D", str(self._data), "-p", str(self._port), "-h", "127.0.0.1", "-F"]
        command += ["-c", f"unix_socket_directories={self._folder}"]
        self.process = subprocess.Popen(
            command, user=self._user, stderr=subprocess.DEVNULL, cwd=self._folder
        )
        asked = [find("pg_isready") or "pg_isready", "-q", "-h", "127.0.0.1"]
        deadline = time.monotonic() + 4 * DEADLINE_S
        while subprocess.run([*asked, "-p", str(self._port)]).returncode:
            # it listens before it lets anybody in
            assert time.monotonic() < deadline, "Postgres does not get ready"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it although clients are connected."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(4 * DEADLINE_S)


@contextmanager
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="limpet-postgres-") as folder:
        server = Postgres(Path(folder))
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a fresh database."""
    with postgres() as server:
        yield server.url


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)
