"""Open files of a FAT volume."""

from collections.abc import Generator

from host.emulator.fat import EINVAL, Disk, Entry, Fat, FatError


class FatFile:
    """An open file."""

    def __init__(self, fat: Fat, disk: Disk, entry: Entry, may_write: bool) -> None:
        self.entry = entry
        self.position = 0
        self.is_changed = False
        self._fat = fat
        self._disk = disk
        self._may_write = may_write
        self._chain = fat.chain(entry.cluster)

    def read(self, size: int) -> bytes:
        """Return up to so many bytes."""
        size = max(0, min(size, self.entry.size - self.position))
        data = b"".join(
            self._disk.read(sector)[at : at + count] for sector, at, count in self._parts(size)
        )
        self.position += size
        return data

    def write(self, data: bytes) -> int:
        """Write at the position."""
        self._reach(self.position + len(data))
        done = 0
        for sector, at, count in self._parts(len(data)):
            part = data[done : done + count]
            if count < self._disk.size:
                old = self._disk.read(sector)
                part = old[:at] + part + old[at + count :]
            self._disk.write(sector, part)
            done += count
        self.position += len(data)
        self.entry.size = max(self.entry.size, self.position)
        self.is_changed = self.is_changed or bool(data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """Move; beyond the end of a file that is written it grows."""
        position = offset + (0, self.position, self.entry.size)[whence]
        if position < 0:
            raise FatError(EINVAL)
        if position > self.entry.size:
            if self._may_write:
                self._reach(position)
                self.entry.size, self.is_changed = position, True
            else:
                position = self.entry.size
        self.position = position
        return position

    def _reach(self, size: int) -> None:
        while len(self._chain) * self._fat.cluster_bytes < size:
            self._chain.append(self._fat.take(self._chain[-1] if self._chain else 0))
            self.entry.cluster = self._chain[0]
            self.is_changed = True

    def _parts(self, size: int) -> Generator[tuple[int, int, int]]:
        """Yield (sector, offset in it, bytes) of what follows at the position."""
        at = self.position
        while size:
            number, inside = divmod(at, self._fat.cluster_bytes)
            sector, offset = divmod(inside, self._disk.size)
            count = min(size, self._disk.size - offset)
            yield self._fat.sector(self._chain[number], sector), offset, count
            at += count
            size -= count
