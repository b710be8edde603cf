"""Real Redis and Postgres servers of a test's own, on free loopback ports."""

import os
import shutil
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


@contextmanager
def postgres_server() -> Iterator[str]:
    """Yield the URL of a fresh database."""
    with tempfile.TemporaryDirectory(prefix="limpet-postgres-") as folder:
        yield from _postgres(Path(folder))


def _postgres(folder: Path) -> Iterator[str]:
    initdb, postgres = find("initdb"), find("postgres")
    assert initdb and postgres
    # it refuses to run as root
    user = "postgres" if os.getuid() == 0 else None
    data = folder / "data"
    if user:
        shutil.chown(folder, user)
    subprocess.run(
        [initdb, "-D", str(data), "-U", "limpet", "-A", "trust", "--no-sync"],
        user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    port = free_port()
    command = [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-F"]
    command += ["-c", f"unix_socket_directories={folder}"]
    server = subprocess.Popen(command, user=user, stderr=subprocess.DEVNULL, cwd=folder)
    try:
        asked = [find("pg_isready") or "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        deadline = time.monotonic() + DEADLINE_S
        while subprocess.run(asked).returncode:  # it listens before it lets anybody in
            assert time.monotonic() < deadline, "Postgres does not get ready"
            time.sleep(0.05)
        yield f"postgresql://limpet@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(DEADLINE_S)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.05)
