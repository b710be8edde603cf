"""What a file number of the guest stands for: the console, a file, a folder, a device."""

import random
from collections.abc import Callable

from littlefs.errors import LittleFSError

from host.emulator import errnos
from host.emulator.filesystem import TYPE_DIR, FileSystem, OpenFile
from host.emulator.serial import Serial
from host.emulator.waker import Watched

READABLE, WRITABLE, ERROR, HANGUP = 1, 4, 8, 16  # poll bits, the ESP32's and Linux's alike
CHARACTER_DEVICE, DIRECTORY, REGULAR_FILE = 2, 3, 4  # WASI file types


class GuestError(Exception):
    """A call of the guest fails with this error number."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Descriptor:
    """One open file number. What a kind does not offer fails with EBADF or EINVAL."""

    kind = REGULAR_FILE
    is_plain = True  # what is `watched` is ready exactly when this is

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, b"" at the end."""
        raise GuestError(errnos.EBADF)

    def write(self, data: bytes) -> int:
        """Take bytes; return how many."""
        raise GuestError(errnos.EBADF)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position and return it."""
        raise GuestError(errnos.EINVAL)

    def sync(self) -> None:
        """Make what was written last."""

    def close(self) -> None:
        """Let go."""

    def abandon(self) -> None:
        """Let go as a reset does."""
        self.close()

    def ready(self, _bits: int) -> int:
        """Return which of the poll bits hold now, without waiting."""
        return 0

    def watched(self, _bits: int) -> Watched | None:
        """Return the real socket behind it, if there is one."""
        return None


class Console(Descriptor):
    """Standard input and output: the serial line."""

    kind = CHARACTER_DEVICE

    def __init__(self, serial: Serial, wait_for_input: Callable[[], None]) -> None:
        self._serial = serial
        self._wait_for_input = wait_for_input

    def read(self, size: int) -> bytes:
        """Block the board until someone outside wrote something."""
        self._wait_for_input()
        return self._serial.take_input(size)

    def write(self, data: bytes) -> int:
        """Print."""
        self._serial.put_output(data)
        return len(data)

    def ready(self, bits: int) -> int:
        """Writable always, readable once there is input."""
        return (bits & WRITABLE) | (bits & READABLE if self._serial.has_input else 0)


class RawOutput(Descriptor):
    """sys.stdout.buffer: bytes that the serial line leaves as they are."""

    kind = CHARACTER_DEVICE

    def __init__(self, serial: Serial) -> None:
        self._serial = serial

    def write(self, data: bytes) -> int:
        """Print."""
        self._serial.put_output(data, is_raw=True)
        return len(data)

    def ready(self, bits: int) -> int:
        """Always writable."""
        return bits & WRITABLE


class RandomSource(Descriptor):
    """/dev/urandom: the board's seeded generator."""

    kind = CHARACTER_DEVICE

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def read(self, size: int) -> bytes:
        """Return random bytes."""
        return self._chance.randbytes(size)


class FlashFile(Descriptor):
    """A file of the LittleFS volume that may be written."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes from the position."""
        return self._file.read(size)

    def write(self, data: bytes) -> int:
        """Write at the position."""
        return self._file.write(data)

    def seek(self, offset: int, whence: int) -> int:
        """Move the position: whence 0 from the start, 1 from here, 2 from the end."""
        return self._file.seek(offset, whence)

    def sync(self) -> None:
        """Put it onto the flash."""
        self._file.sync()

    def close(self) -> None:
        """Put it onto the flash and close it."""
        self._file.close()

    def ready(self, bits: int) -> int:
        """A file never waits."""
        return bits & (READABLE | WRITABLE)


class FlashText(Descriptor):
    """A file of the volume that is only read: its content as it was when it was opened."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._position = 0

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes from the position."""
        data = self._content[self._position : self._position + size]
        self._position += len(data)
        return data

    def ahead(self, size: int) -> bytes:
        """Return up to `size` bytes that follow at the position, which stays."""
        return self._content[self._position : self._position + size]

    def skip(self, size: int) -> None:
        """Move on: these bytes of what is ahead have been taken."""
        self._position += size

    def seek(self, offset: int, whence: int) -> int:
        """Move the position: whence 0 from the start, 1 from here, 2 from the end."""
        position = offset + (0, self._position, len(self._content))[whence]
        if position < 0:
            raise GuestError(errnos.EINVAL)
        self._position = position
        return position

    def ready(self, bits: int) -> int:
        """A file never waits."""
        return bits & (READABLE | WRITABLE)


class FlashFolder(Descriptor):
    """An open folder: a snapshot of its entries."""

    kind = DIRECTORY

    def __init__(self, files: FileSystem, path: str) -> None:
        self.entries = [
            (name, DIRECTORY if kind == TYPE_DIR else REGULAR_FILE)
            for name, kind, _ in files.names(path)
        ]


class Table:
    """The guest's file numbers. 0-2 are the console, 3 the root folder.

    changes: grows whenever a file number comes to stand for something else.
    """

    ROOT = 3

    def __init__(self) -> None:
        self.changes = 0
        self._open: dict[int, Descriptor] = {}

    def __getitem__(self, number: int) -> Descriptor:
        """Return what is open under a number. Raises GuestError EBADF."""
        found = self._open.get(number)
        if found is None:
            raise GuestError(errnos.EBADF)
        return found

    def touch(self) -> None:
        """Note that what is open has changed."""
        self.changes += 1

    def put(self, number: int, descriptor: Descriptor) -> None:
        """Open `descriptor` under a fixed number."""
        self.changes += 1
        self._open[number] = descriptor

    def add(self, descriptor: Descriptor) -> int:
        """Open `descriptor` under the lowest free number."""
        number = self.ROOT + 1
        while number in self._open:
            number += 1
        self.changes += 1
        self._open[number] = descriptor
        return number

    def close(self, number: int) -> None:
        """Close one; an error in closing still frees the number."""
        self[number]
        self.changes += 1
        self._open.pop(number).close()

    def abandon(self) -> None:
        """Close what is outside the board (sockets) and forget the rest, as a reset does."""
        for descriptor in self._open.values():
            if not isinstance(descriptor, FlashFile):
                try:
                    descriptor.abandon()
                except (GuestError, LittleFSError, OSError):
                    continue
        self._open.clear()
