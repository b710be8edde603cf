"""A board's files as seen from outside, whether it is on or off."""

from littlefs.errors import LittleFSError

from host.emulator.filesystem import TYPE_DIR, FileSystem

_MISSING = LittleFSError.Error.LFS_ERR_NOENT


class BoardFiles:
    """Reads and writes the flash under its lock. A path is absolute, as on the board."""

    def __init__(self, volume: FileSystem) -> None:
        self._volume = volume

    def read(self, path: str) -> bytes:
        """Return a file's content. Raises FileNotFoundError."""
        try:
            return self._volume.read(path)
        except LittleFSError as error:
            raise _named(error, path) from None

    def write(self, path: str, data: bytes) -> None:
        """Replace a file's content, making folders as needed."""
        self._volume.write(path, data)

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder. Raises FileNotFoundError."""
        try:
            self._volume.remove(path)
        except LittleFSError as error:
            raise _named(error, path) from None

    def exists(self, path: str) -> bool:
        """Return whether there is a file or folder at the path."""
        return self._volume.exists(path)

    def ls(self, path: str = "/") -> list[str]:
        """Return the paths of all files below a folder, sorted."""
        found: list[str] = []
        waiting = [path.rstrip("/")]
        while waiting:
            folder = waiting.pop()
            for name, kind, _ in self._volume.names(folder or "/"):
                full = f"{folder}/{name}"
                (waiting if kind == TYPE_DIR else found).append(full)
        return sorted(found)


def _named(error: LittleFSError, path: str) -> OSError:
    if error.code == _MISSING:
        return FileNotFoundError(f"the board has no file {path}")
    return OSError(-error.code, f"{error.name} on the board's {path}")
