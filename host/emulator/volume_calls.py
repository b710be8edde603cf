"""What the shim VfsLfs2 asks of the host: file systems on the program's own block devices.

Each of these calls returns what it asks of the block device, 0 when it is done: guest_volumes.py.
"""

from typing import TYPE_CHECKING

from host.emulator.guest_fat import FatVolume
from host.emulator.guest_littlefs import LittleFsVolume
from host.emulator.operations import operation

if TYPE_CHECKING:
    from host.emulator.boot import Boot


class VolumeCalls:
    """A part of the port; see host_calls.py. Paths are pushed as address and length."""

    _boot: "Boot"
    _pushed: list[int]

    @operation
    def volume_new(self, keeps_time: int) -> int:
        """Make a volume. Pushed: its box, block size, blocks, read, program, lookahead size."""
        box, *geometry = self._pushed
        volumes = self._boot.volumes
        volumes.append(LittleFsVolume(self._boot.memory, box, tuple(geometry), bool(keeps_time)))
        return len(volumes) - 1

    @operation
    def volume_fat(self, box: int) -> int:
        """Make a FAT volume. Pushed: block size, blocks."""
        volumes = self._boot.volumes
        volumes.append(FatVolume(self._boot.memory, box, *self._pushed))
        return len(volumes) - 1

    @operation
    def volume_answer(self, volume: int) -> int:
        """Answer the request and go on. Pushed: 0 or an error's number, where the bytes are."""
        error, address = self._pushed
        return self._boot.volumes[volume].go_on(-error, address)

    @operation
    def volume_fetch(self, volume: int) -> None:
        """Store what is to be programmed. Pushed: where."""
        self._boot.volumes[volume].fetch(self._pushed[0])

    @operation
    def volume_format(self, volume: int) -> int:
        """Make a file system."""
        found = self._boot.volumes[volume]
        return found.begin(found.format)

    @operation
    def volume_mount(self, volume: int) -> int:
        """Find the file system that is there."""
        found = self._boot.volumes[volume]
        return found.begin(found.mount)

    @operation
    def volume_stat(self, volume: int) -> int:
        """Look at a path: type, size, time. Pushed: the path."""
        found, (path,) = self._boot.volumes[volume], self._paths()
        return found.begin(lambda: found.stat(path))

    @operation
    def volume_usage(self, volume: int) -> int:
        """Tell bytes of a block, blocks, blocks in use."""
        found = self._boot.volumes[volume]
        return found.begin(found.usage)

    @operation
    def volume_mkdir(self, volume: int) -> int:
        """Make a folder. Pushed: the path."""
        return self._change(volume, "mkdir")

    @operation
    def volume_remove(self, volume: int) -> int:
        """Remove a file or an empty folder. Pushed: the path."""
        return self._change(volume, "remove")

    @operation
    def volume_rmdir(self, volume: int) -> int:
        """Remove an empty folder. Pushed: the path."""
        return self._change(volume, "rmdir")

    @operation
    def volume_rename(self, volume: int) -> int:
        """Rename. Pushed: both paths."""
        return self._change(volume, "rename")

    @operation
    def volume_open(self, volume: int) -> int:
        """Open a file: its number. Pushed: the path, LittleFS's flags."""
        found, flags, (path,) = self._boot.volumes[volume], self._pushed.pop(), self._paths()
        time_ns = self._time_ns()
        return found.begin(lambda: found.open(path, flags, time_ns))

    @operation
    def volume_read(self, volume: int) -> int:
        """Read. Pushed: file, address, size."""
        found, (file, address, size) = self._boot.volumes[volume], self._pushed
        return found.begin(lambda: found.read(file, address, size))

    @operation
    def volume_write(self, volume: int) -> int:
        """Write. Pushed: file, address, size."""
        found, (file, address, size) = self._boot.volumes[volume], self._pushed
        data = self._boot.memory.read(address, size)
        return found.begin(lambda: found.write(file, data))

    @operation
    def volume_seek(self, volume: int) -> int:
        """Move: position, length. Pushed: file, offset, whence."""
        found, (file, offset, whence) = self._boot.volumes[volume], self._pushed
        return found.begin(lambda: found.seek(file, offset, whence))

    @operation
    def volume_sync(self, volume: int) -> int:
        """Put a file onto the device. Pushed: the file."""
        found, file = self._boot.volumes[volume], self._pushed[0]
        time_ns = self._time_ns()
        return found.begin(lambda: found.sync(file, time_ns))

    @operation
    def volume_close(self, volume: int) -> int:
        """Close a file. Pushed: the file."""
        found, file = self._boot.volumes[volume], self._pushed[0]
        time_ns = self._time_ns()
        return found.begin(lambda: found.close(file, time_ns))

    @operation
    def volume_list(self, volume: int) -> int:
        """Look through a folder: a listing's number. Pushed: the path."""
        found, (path,) = self._boot.volumes[volume], self._paths()
        return found.begin(lambda: found.list(path))

    @operation
    def volume_next(self, volume: int) -> int:
        """Tell the next entry. Pushed: the listing."""
        found, listing = self._boot.volumes[volume], self._pushed[0]
        return found.begin(lambda: found.next(listing))

    def _change(self, volume: int, change: str) -> int:
        found, paths, time_ns = self._boot.volumes[volume], self._paths(), self._time_ns()
        return found.begin(lambda: found.change(change, time_ns, *paths))

    def _time_ns(self) -> int:
        return self._boot.rtc.unix_us() * 1000

    def _paths(self) -> list[str]:
        pushed = self._pushed
        pairs = zip(pushed[::2], pushed[1::2], strict=True)
        return [self._boot.memory.text(address, size) for address, size in pairs]
