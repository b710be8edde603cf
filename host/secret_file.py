"""Files that nobody but their owner may read."""

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from host.errors import UserError

_LOCKED_S = 30.0
_LOOK_S = 0.05


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Keep others who do the same from changing a file meanwhile. It need not be there.

    The lock is on its folder, for the file itself is replaced. Raises UserError after 30 s, or
    if there is no such folder.
    """
    try:
        handle = os.open(path.parent, os.O_RDONLY)
    except OSError as e:
        raise UserError(
            f"{path} cannot be written", str(e), "name a file in a folder that is there"
        ) from e
    try:
        deadline_s = time.monotonic() + _LOCKED_S
        while not _lock(handle):
            if time.monotonic() > deadline_s:
                raise UserError(
                    f"{path} is being changed", "another limpet holds it", "end that one first"
                )
            time.sleep(_LOOK_S)
        yield
    finally:
        os.close(handle)  # which unlocks


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def write_secret(path: Path, data: bytes) -> None:
    """Write a file by write-new and rename, for this user alone; an older one's rights stay.

    Raises UserError where that cannot be: a broker must be able to read its keys afterwards.
    """
    old = path.stat() if path.exists() else None
    handle, name = -1, ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if old:
                os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
                if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fsync(file.fileno())
        os.replace(name, path)
    except OSError as e:
        if name:
            Path(name).unlink(missing_ok=True)
        raise UserError(
            f"{path} cannot be written", str(e), "run it as the user who owns that file, or root"
        ) from e
