"""One VfsFat: FAT on a device of the guest's, which is asked for whole sectors."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from host.emulator import errnos
from host.emulator import fat as fat_format
from host.emulator.descriptors import GuestError
from host.emulator.fat import Disk, Entry, Fat, FatError
from host.emulator.fat_file import FatFile
from host.emulator.fat_make import make
from host.emulator.guest_volumes import PROGRAM, READ, SYNC, Answer, GuestVolume, Request
from host.emulator.memory import GuestMemory

_SIZES = (512, 1024, 2048, 4096)
_WRITES, _CREATES, _EXCLUSIVE, _TRUNCATES, _APPENDS = 2, 0x100, 0x200, 0x400, 0x800
_ARCHIVE = 0x20


@dataclass
class _Open:
    file: FatFile
    may_read: bool
    may_write: bool
    appends: bool


class FatVolume(GuestVolume):
    """Sectors are kept for the length of one call, and written at once."""

    def __init__(self, memory: GuestMemory, box: int, size: int, count: int) -> None:
        if size not in _SIZES or count < 1:
            raise GuestError(errnos.EINVAL)
        super().__init__(memory, box)
        self._kept: dict[int, bytes] = {}
        self._disk = Disk(size, count, self._read, self._write)
        self._fat: Fat | None = None
        self._files: dict[int, _Open] = {}

    def begin(self, work: Callable[[], Answer]) -> int:
        """Begin a call, as any volume does; errors of FAT get their numbers."""

        def named() -> Answer:
            self._kept.clear()
            try:
                return work()
            except FatError as error:
                raise GuestError(error.number) from None

        return super().begin(named)

    def _read(self, sector: int) -> bytes:
        kept = self._kept.get(sector)
        if kept is None:
            if self.errand.ask(Request(READ, sector, 0, self._disk.size)):
                raise FatError(fat_format.EIO)
            kept = self._kept[sector] = self.errand.data
        return kept

    def _write(self, sector: int, data: bytes) -> None:
        self._kept[sector] = data
        if self.errand.ask(Request(PROGRAM, sector, 0, len(data), data)):
            raise FatError(fat_format.EIO)

    @property
    def _volume(self) -> Fat:
        if self._fat is None:
            raise FatError(fat_format.ENODEV)
        return self._fat

    # -- the calls -------------------------------------------------------------------------------

    def format(self) -> Answer:
        """Make a file system."""
        make(self._disk)
        self.errand.ask(Request(SYNC, 0))
        return ()

    def mount(self) -> Answer:
        """Find the file system that is there."""
        self._fat = Fat(self._disk)
        return ()

    def stat(self, path: str) -> Answer:
        """Answer (1 for a file or 2 for a folder, size, seconds since 1970)."""
        entry = self._volume.find(path)
        return 2 if entry.is_folder else 1, entry.size, _unix_s(entry.time)

    def usage(self) -> Answer:
        """Answer (bytes of a cluster, clusters, clusters in use)."""
        fat = self._volume
        return fat.cluster_bytes, fat.clusters, fat.clusters - fat.free()

    def change(self, change: str, time_ns: int, *paths: str) -> Answer:
        """Do mkdir, remove, rmdir or rename."""
        fat = self._volume
        if change == "mkdir":
            fat.mkdir(paths[0], _fat_time(time_ns))
        elif change == "rename":
            fat.rename(*paths)
        else:
            fat.remove(paths[0], change == "rmdir")
        fat.flush()
        self.errand.ask(Request(SYNC, 0))
        return ()

    def open(self, path: str, flags: int, time_ns: int) -> Answer:
        """Answer the number of an open file. flags: LittleFS's."""
        fat = self._volume
        entry: Entry | None
        try:
            entry = fat.find(path)
        except FatError as error:
            if error.number != fat_format.ENOENT or not flags & _CREATES:
                raise
            entry = None
        if entry is None:
            entry = fat.add(path, _ARCHIVE, _fat_time(time_ns))
        elif flags & _EXCLUSIVE:
            raise FatError(fat_format.EEXIST)
        elif entry.is_folder:
            raise FatError(fat_format.EISDIR if flags & _WRITES else fat_format.ENOENT)
        elif flags & _TRUNCATES:
            fat.give_back(entry.cluster)
            entry.cluster = entry.size = 0
            entry.time = _fat_time(time_ns)
            fat.update(entry)
        file = FatFile(fat, self._disk, entry, bool(flags & _WRITES))
        file.is_changed = bool(flags & (_TRUNCATES | _EXCLUSIVE))
        number = max(self._files, default=0) + 1
        access = flags & 3
        self._files[number] = _Open(
            file, access != _WRITES, bool(access & _WRITES), bool(flags & _APPENDS)
        )
        if flags & _APPENDS:
            file.seek(0, 2)
        return (number,)

    def _file(self, number: int) -> _Open:
        found = self._files.get(number)
        if found is None:
            raise FatError(errnos.EINVAL)
        return found

    def read(self, number: int, address: int, size: int) -> Answer:
        """Store bytes; answer how many."""
        found = self._file(number)
        if not found.may_read:
            raise FatError(fat_format.EACCES)
        data = found.file.read(size)
        self._memory.write(address, data)
        return (len(data),)

    def write(self, number: int, data: bytes) -> Answer:
        """Answer how many bytes were written."""
        found = self._file(number)
        if not found.may_write:
            raise FatError(fat_format.EACCES)
        return (found.file.write(data),)

    def seek(self, number: int, offset: int, whence: int) -> Answer:
        """Answer (position, length)."""
        file = self._file(number).file
        return file.seek(offset, whence), file.entry.size

    def sync(self, number: int, time_ns: int) -> Answer:
        """Put a file's size onto the device."""
        file = self._file(number).file
        if file.is_changed:
            file.entry.time = _fat_time(time_ns)
            self._volume.update(file.entry)
            self._volume.flush()
            file.is_changed = False
            self.errand.ask(Request(SYNC, 0))
        return ()

    def close(self, number: int, time_ns: int) -> Answer:
        """Sync and close."""
        self.sync(number, time_ns)
        del self._files[number]
        return ()

    def list(self, path: str) -> Answer:
        """Answer the number of a listing of a folder, as it is now."""
        fat = self._volume
        folder = fat.find(path)
        if not folder.is_folder:
            raise FatError(fat_format.ENOENT)
        return self._listed(
            [(e.name, 2 if e.is_folder else 1, e.size) for e in fat.entries(folder.cluster)]
        )


def _fat_time(time_ns: int) -> int:
    when = datetime.fromtimestamp(max(315_532_800, time_ns // 1_000_000_000), UTC)
    date = when.year - 1980 << 9 | when.month << 5 | when.day
    return date << 16 | when.hour << 11 | when.minute << 5 | when.second // 2


def _unix_s(time: int) -> int:
    date = time >> 16
    try:
        when = datetime(
            1980 + (date >> 9),
            date >> 5 & 15,
            date & 31,
            time >> 11 & 31,
            time >> 5 & 63,
            (time & 31) * 2,
            tzinfo=UTC,
        )
    except ValueError:
        return 315_532_800  # 1980: the entry has no date
    return int(when.timestamp())
