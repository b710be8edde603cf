"""FAT12, FAT16 and FAT32 with long names, as VfsFat has them on a chip.

Written from Microsoft's "FAT: General Overview of On-Disk Format", 1.03.
"""

import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from host.emulator.fat_names import (
    LONG,
    LOWER_BODY,
    LOWER_END,
    long_parts,
    short_name,
    tailed,
)

ENOENT, EIO, EACCES, EEXIST, ENODEV = 2, 5, 13, 17, 19
ENOTDIR, EISDIR, EINVAL, ENOSPC = 20, 21, 22, 28
FOLDER, _LABEL = 0x10, 0x08  # attributes
_GONE = 0xE5  # first byte of an entry that was removed
ENTRY = 32
MOST_12, MOST_16 = 0xFF5, 0xFFF5  # clusters
_FORBIDDEN = set('"*:<>?|\x7f')


class FatError(Exception):
    """What failed, as the number that MicroPython raises."""

    def __init__(self, number: int) -> None:
        super().__init__(f"errno {number}")
        self.number = number


@dataclass
class Disk:
    """Sectors. read and write raise FatError."""

    size: int
    count: int
    read: Callable[[int], bytes]
    write: Callable[[int, bytes], None]


@dataclass
class Entry:
    """One file or folder, and where its 32 bytes lie; slots: of its long name too."""

    name: str
    attributes: int
    cluster: int
    size: int
    time: int  # date << 16 | time
    place: tuple[int, int] = (0, 0)
    slots: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return bool(self.attributes & FOLDER)


class Fat:
    """A volume. Paths are absolute. Raises FatError ENODEV if there is none on the disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._base = 0
        boot = disk.read(0)
        if not _is_volume(boot):
            self._base = struct.unpack_from("<I", boot, 454)[0]
            boot = disk.read(self._base) if 0 < self._base < disk.count else b""
            if not _is_volume(boot):
                raise FatError(ENODEV)
        self._per_cluster, reserved, fats = struct.unpack_from("<BHB", boot, 13)
        entries, small = struct.unpack_from("<HH", boot, 17)
        fat_16, large, fat_32 = (
            struct.unpack_from("<H", boot, 22)[0],
            *struct.unpack_from("<II", boot, 32),
        )
        self._fat = self._base + reserved
        self._fat_sectors = fat_16 or fat_32
        self._copies = fats
        self._root = self._fat + fats * self._fat_sectors
        self._root_sectors = -(-entries * ENTRY // disk.size)
        self._data = self._root + self._root_sectors
        self.clusters = ((small or large) - (self._data - self._base)) // self._per_cluster
        self._bits = 12 if self.clusters <= MOST_12 else 16 if self.clusters <= MOST_16 else 32
        self._root_cluster = struct.unpack_from("<I", boot, 44)[0] if self._bits == 32 else 0
        self._end = (1 << min(self._bits, 28)) - 1
        self._last = 1  # the cluster that was taken last
        self._free: int | None = None
        self._info = 0  # the sector of FAT32 that says how many clusters are free
        if self._bits == 32:
            self._info = self._base + struct.unpack_from("<H", boot, 48)[0]
            free = struct.unpack_from("<I", disk.read(self._info), 488)[0]
            self._free = free if free <= self.clusters else None

    @property
    def cluster_bytes(self) -> int:
        """Bytes of a cluster."""
        return self._per_cluster * self._disk.size

    # -- the table -------------------------------------------------------------------------------

    def _link(self, cluster: int) -> int:
        at = cluster * self._bits // 8
        width = 4 if self._bits == 32 else 2
        value = int.from_bytes(
            bytes(
                self._disk.read(self._fat + place // self._disk.size)[place % self._disk.size]
                for place in range(at, at + width)
            ),
            "little",
        )
        if self._bits == 12:
            return value >> 4 if cluster & 1 else value & 0xFFF
        return value & 0x0FFFFFFF

    def _set_link(self, cluster: int, value: int) -> None:
        at = cluster * self._bits // 8
        width = 4 if self._bits == 32 else 2
        if self._bits == 12:
            sector, place = divmod(at, self._disk.size)
            low = self._disk.read(self._fat + sector)[place]
            sector, place = divmod(at + 1, self._disk.size)
            old = low | self._disk.read(self._fat + sector)[place] << 8
            value = old & 0x000F | value << 4 if cluster & 1 else old & 0xF000 | value
        for i, byte in enumerate(value.to_bytes(width, "little")):
            sector, place = divmod(at + i, self._disk.size)
            for copy in range(self._copies):
                self._patch(self._fat + copy * self._fat_sectors + sector, place, bytes([byte]))

    def _patch(self, sector: int, place: int, data: bytes) -> None:
        old = self._disk.read(sector)
        new = old[:place] + data + old[place + len(data) :]
        if new != old:
            self._disk.write(sector, new)

    def chain(self, cluster: int) -> list[int]:
        """Return the clusters from one on."""
        found: list[int] = []
        while 2 <= cluster < self.clusters + 2 and len(found) <= self.clusters:
            found.append(cluster)
            cluster = self._link(cluster)
        return found

    def take(self, after: int) -> int:
        """Take a free cluster and append it to the chain that ends with `after`, 0: to none."""
        for step in range(self.clusters):
            cluster = (self._last - 1 + step) % self.clusters + 2
            if not self._link(cluster):
                break
        else:
            raise FatError(ENOSPC)
        self._set_link(cluster, self._end)
        if after:
            self._set_link(after, cluster)
        self._last = cluster
        if self._free is not None:
            self._free -= 1
        return cluster

    def give_back(self, cluster: int) -> None:
        """Free a chain."""
        for one in self.chain(cluster):
            self._set_link(one, 0)
            if self._free is not None:
                self._free += 1

    def free(self) -> int:
        """Return how many clusters are free."""
        if self._free is None:
            self._free = sum(not self._link(n) for n in range(2, self.clusters + 2))
        return self._free

    def flush(self) -> None:
        """Store what FAT32 keeps of the free clusters, after a change."""
        if self._info and self._free is not None:
            self._patch(self._info, 488, struct.pack("<II", self._free, self._last))

    def sector(self, cluster: int, number: int = 0) -> int:
        """Return a sector of a cluster."""
        return self._data + (cluster - 2) * self._per_cluster + number

    # -- folders ---------------------------------------------------------------------------------

    def _slots(self, folder: int) -> Generator[tuple[int, int]]:
        """Yield (sector, offset) of each entry's place in a folder, 0: the root."""
        folder = folder or self._root_cluster
        sectors = (
            [self.sector(c, n) for c in self.chain(folder) for n in range(self._per_cluster)]
            if folder
            else range(self._root, self._root + self._root_sectors)
        )
        for sector in sectors:
            for offset in range(0, self._disk.size, ENTRY):
                yield sector, offset

    def _raw(self, place: tuple[int, int]) -> bytes:
        return self._disk.read(place[0])[place[1] : place[1] + ENTRY]

    def entries(self, folder: int) -> Generator[Entry]:
        """Yield what is in a folder, given by its cluster, 0: the root."""
        parts: dict[int, bytes] = {}
        slots: list[tuple[int, int]] = []
        for place in self._slots(folder):
            raw = self._raw(place)
            if not raw[0]:
                return
            if raw[0] == _GONE:
                parts, slots = {}, []
            elif raw[11] & LONG == LONG:
                parts[raw[0] & 0x3F] = raw[1:11] + raw[14:26] + raw[28:32]
                slots.append(place)
            else:
                if raw[0] != 0x2E and not raw[11] & _LABEL:
                    yield _entry(raw, parts, place, [*slots, place])
                parts, slots = {}, []

    def find(self, path: str) -> Entry:
        """Return what is at a path. Raises FatError ENOENT."""
        found = Entry("/", FOLDER, 0, 0, 0x28210000)
        for part in (part for part in path.split("/") if part):
            if not found.is_folder:
                raise FatError(ENOENT)
            for entry in self.entries(found.cluster):
                if entry.name.upper() == part.upper():
                    found = entry
                    break
            else:
                raise FatError(ENOENT)
        return found

    def _folder_of(self, path: str) -> tuple[Entry, str]:
        above, _, name = path.rstrip("/").rpartition("/")
        folder = self.find(above)
        if not folder.is_folder:
            raise FatError(ENOENT)
        return folder, name

    def add(self, path: str, attributes: int, time: int, cluster: int = 0, size: int = 0) -> Entry:
        """Make an entry; nothing is there yet. Raises FatError."""
        folder, name = self._folder_of(path)
        if not name.strip(" .") or len(name) > 255 or set(name) & _FORBIDDEN or min(name) < " ":
            raise FatError(EINVAL)
        short, case = short_name(name)
        long: list[bytes] = []
        if short is None:
            taken = {self._raw(entry.place)[:11] for entry in self.entries(folder.cluster)}
            short = next(
                candidate for n in range(1, 1000000) if (candidate := tailed(name, n)) not in taken
            )
            long = long_parts(name, short)
        slots = self._room(folder.cluster, len(long) + 1)
        raw = (short + bytes([attributes, case])).ljust(ENTRY, b"\0")
        for place, part in zip(slots, [*long, raw], strict=True):
            self._patch(*place, part)
        entry = Entry(name, attributes, cluster, size, time, slots[-1], slots)
        self.update(entry)
        return entry

    def _room(self, folder: int, count: int) -> list[tuple[int, int]]:
        """Return so many places in a row, at the folder's end if need be."""
        run: list[tuple[int, int]] = []
        for place in self._slots(folder):
            if self._raw(place)[0] not in (0, _GONE):
                run = []
                continue
            run.append(place)
            if len(run) == count:
                return run
        chain = self.chain(folder or self._root_cluster)
        if not chain:
            raise FatError(EACCES)  # the root of the smaller FATs is full
        self.clear(self.take(chain[-1]))
        return self._room(folder, count)

    def clear(self, cluster: int) -> None:
        """Fill a cluster with zeros."""
        for number in range(self._per_cluster):
            self._disk.write(self.sector(cluster, number), bytes(self._disk.size))

    def update(self, entry: Entry) -> None:
        """Store an entry's cluster, size and time."""
        raw = struct.pack("<HHHHI", *_split(entry.cluster, entry.time), entry.size)
        self._patch(entry.place[0], entry.place[1] + 20, raw)

    def _forget(self, entry: Entry) -> None:
        for sector, offset in entry.slots:
            self._patch(sector, offset, bytes([_GONE]))

    def remove(self, path: str, is_folder: bool) -> None:
        """Remove a file, or an empty folder."""
        entry = self.find(path)
        if entry.is_folder and not is_folder:
            raise FatError(EISDIR)
        if is_folder and not entry.is_folder:
            raise FatError(ENOTDIR)
        if is_folder and (not entry.slots or any(True for _ in self.entries(entry.cluster))):
            raise FatError(EACCES)
        self._forget(entry)
        self.give_back(entry.cluster)

    def mkdir(self, path: str, time: int) -> None:
        """Make a folder."""
        if self._is_there(path):
            raise FatError(EEXIST)
        above = self._folder_of(path)[0].cluster
        cluster = self.take(0)
        self.clear(cluster)
        for n, (name, to) in enumerate(((b".", cluster), (b"..", above))):
            raw = name.ljust(11) + bytes([FOLDER]) + bytes(8)
            raw += struct.pack("<HHHHI", *_split(to, time), 0)
            self._patch(self.sector(cluster), n * ENTRY, raw)
        self.add(path, FOLDER, time, cluster)

    def rename(self, old: str, new: str) -> None:
        """Rename; a file at the new path goes, a folder there is in the way."""
        entry = self.find(old)
        if not entry.slots:
            raise FatError(EINVAL)
        if self._is_there(new):
            there = self.find(new)
            if there.place == entry.place:
                self._forget(entry)
            elif there.is_folder:
                raise FatError(EEXIST)
            else:
                self.remove(new, False)
        made = self.add(new, entry.attributes, entry.time, entry.cluster, entry.size)
        if made.place != entry.place and not set(made.slots) & set(entry.slots):
            self._forget(entry)
        if entry.is_folder:
            above = self._folder_of(new)[0].cluster
            high, _, _, low = _split(above, 0)
            self._patch(self.sector(entry.cluster), ENTRY + 20, struct.pack("<H", high))
            self._patch(self.sector(entry.cluster), ENTRY + 26, struct.pack("<H", low))

    def _is_there(self, path: str) -> bool:
        try:
            self.find(path)
        except FatError as error:
            if error.number != ENOENT:
                raise
            return False
        return True


def _is_volume(boot: bytes) -> bool:
    return boot[510:512] == b"\x55\xaa" and (boot[54:57] == b"FAT" or boot[82:87] == b"FAT32")


def _split(cluster: int, time: int) -> tuple[int, int, int, int]:
    """Return what an entry holds from its byte 20 on: high word, time, date, low word."""
    return cluster >> 16, time & 0xFFFF, time >> 16, cluster & 0xFFFF


def _entry(
    raw: bytes, parts: dict[int, bytes], place: tuple[int, int], slots: list[tuple[int, int]]
) -> Entry:
    high, time, date, low, size = struct.unpack_from("<HHHHI", raw, 20)
    if parts:
        text = b"".join(parts[n] for n in sorted(parts)).decode("utf-16-le", "replace")
        name = text.split("\0")[0]
    else:
        body, end = raw[:8].decode("cp437").rstrip(), raw[8:11].decode("cp437").rstrip()
        body = body.lower() if raw[12] & LOWER_BODY else body
        end = end.lower() if raw[12] & LOWER_END else end
        name = f"{body}.{end}" if end else body
    return Entry(name, raw[11], high << 16 | low, size, date << 16 | time, place, slots)
