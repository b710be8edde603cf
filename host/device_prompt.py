"""A board at MicroPython's prompt, through mpremote, which is a program of its own."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Self

from host.device_serial import Line
from host.errors import UserError
from host.flash_messages import explain

_LIMIT_S = 120.0
_LIST = """
import os, json, hashlib, binascii
def walk(folder):
    for row in os.ilistdir(folder or "/"):
        path = folder + "/" + row[0]
        if row[1] & 0x4000:
            walk(path)
        else:
            digest = hashlib.sha256()
            with open(path, "rb") as file:
                while part := file.read(512):
                    digest.update(part)
            print(json.dumps([path, binascii.hexlify(digest.digest()).decode()]))
walk("")
"""
_READ = """
import binascii
for path in {paths}:
    with open(path, "rb") as file:
        while part := file.read(384):
            print(binascii.b2a_base64(part).decode(), end="")
    print()
"""
_MAKE = """
import os
for folder in {folders}:
    try:
        os.mkdir(folder)
    except OSError:
        pass
"""

Tell = Callable[[str], None]


class Prompt:
    """The agent is stopped from the first command on, and starts anew when this is closed.

    Content passes in files that only this user can read, never as an argument. Everything raises
    UserError that explains.
    """

    def __init__(self, port: str, restart: bool = True) -> None:
        """Name the board. restart: False leaves the start to the caller, unless this fails."""
        self.port = port
        self._restart = restart
        self._steps: tuple[str, ...] = ()  # what stops the agent comes first, once

    def run(self, *steps: str, tell: Tell = lambda line: None) -> str:
        """Run commands of mpremote and return what it printed; tell: gets each line at once."""
        command = [sys.executable, "-u", "-m", "mpremote", "connect", self.port, *self._steps]
        # The first soft reset ends the agent; another one would only take time.
        self._steps = ("resume",)
        process = subprocess.Popen(
            [*command, *steps],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        said: list[str] = []
        assert process.stdout
        with _Deadline(process) as deadline, process.stdout:
            for line in process.stdout:
                said.append(line)
                tell(line.rstrip())
            process.wait()
        if deadline.passed:
            raise explain("No serial data received", self.port, "BOARD")
        if process.returncode:
            raise self._explained("".join(said))
        return "".join(said)

    def exec(self, code: str) -> str:
        """Run a program there and return what it printed."""
        return self.run("exec", code)

    def evaluate(self, code: str) -> Any:
        """Run a program there whose last line is JSON; return that."""
        return json.loads(self.exec(code).strip().splitlines()[-1])

    def digests(self) -> dict[str, str]:
        """Return {path: SHA-256 in hex} of all files there."""
        rows = (line for line in self.exec(_LIST).splitlines() if line.startswith("["))
        return dict(json.loads(row) for row in rows)

    def read(self, digests: Mapping[str, str]) -> dict[str, bytes]:
        """Return the content of files, which must hash to what `digests` said of them."""
        if not digests:
            return {}
        text = self.exec(_READ.format(paths=repr(tuple(digests))))
        files: dict[str, bytes] = {}
        lines = iter(text.replace("\r", "").split("\n"))
        for path, digest in digests.items():
            rows: list[str] = []
            while row := next(lines, ""):
                rows.append(row)
            with suppress(ValueError):
                files[path] = b"".join(base64.b64decode(row, validate=True) for row in rows)
            if hashlib.sha256(files.get(path, b"")).hexdigest() != digest:
                raise explain("Corrupt data", self.port, "BOARD")
        return files

    def write(
        self, files: Mapping[str, bytes], tell: Tell = lambda path: None, folder: str = "/"
    ) -> None:
        """Write files there, with their folders and `folder`; tell: gets each path.

        They are not hashed: see `verify`.
        """
        paths = (*files, f"{folder}/x")
        folders = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
        made = sorted(folders - {"/", "//"})
        with tempfile.TemporaryDirectory(prefix="limpet-files-") as root:
            steps = ["exec", _MAKE.format(folders=repr(made))]
            for number, (path, data) in enumerate(files.items()):
                source = Path(root, str(number))
                with os.fdopen(os.open(source, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                    file.write(data)
                steps += ["+", "cp", str(source), f":{path}"]
            self.run(*steps, tell=lambda line: tell(line.rpartition(" :")[2]))

    def verify(self, files: Mapping[str, bytes]) -> dict[str, str]:
        """Return what `digests` does; raise UserError unless these files are there so."""
        found = self.digests()
        for path, data in files.items():
            if found.get(path) != hashlib.sha256(data).hexdigest():
                raise explain("digest mismatch", self.port, "BOARD")
        return found

    def switch(self, path: str, data: bytes) -> None:
        """Write one small file by write-new and rename."""
        new = f"{path}.new"
        self.exec(
            f"import os\nwith open({new!r}, 'wb') as file:\n    file.write({data!r})\n"
            f"os.rename({new!r}, {path!r})"
        )

    def rename(self, moves: Mapping[str, str], remove: Collection[str] = ()) -> None:
        """Rename files there, from -> to, over what is there; then remove others."""
        self.exec(
            f"import os\nfor old, new in {tuple(moves.items())!r}:\n    os.rename(old, new)\n"
            f"for path in {tuple(remove)!r}:\n    os.remove(path)"
        )

    def _explained(self, said: str) -> UserError:
        return explain(said.replace("failed to access", "could not open port"), self.port, "BOARD")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        """Start the agent. mpremote's own reset types on while the board starts, which ends it."""
        if self._restart or kind:
            with suppress(*[UserError] * bool(kind)), Line(self.port) as line:
                line.restart()


class _Deadline:
    """Ends a process that takes too long, or that is left behind."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.passed = False
        self._process = process
        self._timer = threading.Timer(_LIMIT_S, self._pass)
        self._timer.daemon = True

    def _pass(self) -> None:
        self.passed = True
        self._process.kill()

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
