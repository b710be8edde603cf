"""The guest's view of the file system: WASI's way of opening on top of the LittleFS volume."""

from collections.abc import Callable

from host.emulator import errnos
from host.emulator.descriptors import (
    DIRECTORY,
    REGULAR_FILE,
    Descriptor,
    FlashFile,
    FlashFolder,
    FlashText,
    GuestError,
)
from host.emulator.filesystem import TYPE_DIR, FileSystem

# LFS_O_WRONLY or RDWR, CREAT and APPEND: littlefs-python's "a" does not make the file.
_APPEND_WRITE, _APPEND_BOTH = 0x902, 0x903
_CREATE, _DIRECTORY, _EXCLUSIVE, _TRUNCATE = 1, 2, 4, 8  # path_open's oflags
_APPEND = 1  # fd_flags
_MAY_READ, _MAY_WRITE = 1 << 1, 1 << 6  # rights
DEVICE_MARK = "\x01"  # a name that starts so is a device of the emulator, not a file
RANDOM_PATHS = (
    "dev/random",
    "dev/urandom",
)  # the VM's C code reads it, for os.urandom and the seed of random


class GuestFiles:
    """Opens files for one VM. devices: what is behind the names that start with the mark."""

    def __init__(self, volume: FileSystem, devices: dict[str, Callable[[], Descriptor]]) -> None:
        self.volume = volume
        self._devices = devices

    def open(self, path: str, flags: int, rights: int, fd_flags: int) -> Descriptor:
        """Open what is at a path."""
        if path.startswith(DEVICE_MARK):
            return self._devices[path[1:]]()
        if path in RANDOM_PATHS:
            return self._devices["random"]()
        may_write = bool(rights & _MAY_WRITE)
        if not flags & _CREATE and self.stat(path)[0] == DIRECTORY:
            if may_write:
                raise GuestError(errnos.EISDIR)
            return FlashFolder(self.volume, path)
        if flags & _DIRECTORY:
            raise GuestError(errnos.ENOTDIR)
        if not may_write:
            return FlashText(self.volume.content(path))
        mode = self._mode(flags, bool(rights & _MAY_READ), bool(fd_flags & _APPEND))
        return FlashFile(self.volume.open(path, mode))

    @staticmethod
    def _mode(flags: int, may_read: bool, append: bool) -> str | int:
        """Return the mode as littlefs-python spells it, or LittleFS's own flags."""
        both = "+" if may_read else ""
        if flags & _EXCLUSIVE:
            return "x" + both
        if append:
            return _APPEND_BOTH if may_read else _APPEND_WRITE
        if flags & _TRUNCATE:
            return "w" + both
        return "r+"

    def stat(self, path: str) -> tuple[int, int]:
        """Return (WASI file type, size in bytes)."""
        if path in ("", ".", "/"):
            return DIRECTORY, 0
        kind, size = self.volume.stat(path)
        return (DIRECTORY, 0) if kind == TYPE_DIR else (REGULAR_FILE, size)

    def entries(self, descriptor: Descriptor) -> list[tuple[str, int]]:
        """Return (name, WASI file type) for each entry of an open folder."""
        if not isinstance(descriptor, FlashFolder):
            raise GuestError(errnos.ENOTDIR)
        return descriptor.entries
