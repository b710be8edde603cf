"""FAT volumes in memory: what is on the disk, and that random work leaves what it should."""

import random
from contextlib import suppress

import pytest

from host.emulator.fat import ENODEV, ENOSPC, Disk, Fat, FatError
from host.emulator.fat_file import FatFile
from host.emulator.fat_make import make


class Memory:
    """A disk of which only what was written takes room."""

    def __init__(self, count: int) -> None:
        self.sectors: dict[int, bytes] = {}
        self.disk = Disk(512, count, self._read, self._write)

    def _read(self, sector: int) -> bytes:
        assert 0 <= sector < self.disk.count
        return self.sectors.get(sector, bytes(512))

    def _write(self, sector: int, data: bytes) -> None:
        assert 0 <= sector < self.disk.count and len(data) == 512
        self.sectors[sector] = data


LAYOUTS = {  # sectors: FAT's name, where its volume begins, bytes of a cluster, clusters, free ones
    "25 KB": (50, b"FAT     ", 0, 512, 16, 16),
    "200 KB": (400, b"FAT     ", 0, 512, 365, 365),
    "10 MB": (20_000, b"FAT     ", 0, 2048, 4986, 4986),
    "32 MB, too many sectors for 16 bits": (70_000, b"FAT     ", 0, 4096, 8741, 8741),
    "4 GB, behind a partition table": (8_388_608, b"FAT32   ", 63, 32768, 131_054, 131_053),
}


@pytest.mark.parametrize(
    ("sectors", "name", "begin", "cluster", "clusters", "free"), LAYOUTS.values(), ids=LAYOUTS
)
def test_a_new_volume_has_the_layout_that_fatfs_gives_it(
    sectors: int, name: bytes, begin: int, cluster: int, clusters: int, free: int
):
    memory = Memory(sectors)
    make(memory.disk)
    boot = memory.sectors[begin]
    at = 82 if name == b"FAT32   " else 54
    assert (boot[at : at + 8], boot[510:512]) == (name, b"\x55\xaa")
    fat = Fat(memory.disk)
    assert (fat.cluster_bytes, fat.clusters, fat.free()) == (cluster, clusters, free)


NAMES = {
    "FOO.TXT": (b"FOO     TXT", 1),
    "foo_file.txt": (b"FOO_FILETXT", 1),
    "noend": (b"NOEND      ", 1),
    "Mixed.txt": (b"MIXED~1 TXT", 2),
    "a longer name.text": (b"ALONGE~1TEX", 3),
    "wörld.py": (b"W_RLD~1 PY ", 2),
    ".hidden": (b"HIDDEN~1   ", 2),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_takes_an_entry_and_more_if_it_is_long(name: str):
    short, slots = NAMES[name]
    memory = Memory(50)
    make(memory.disk)
    Fat(memory.disk).add("/" + name, 0, 0)
    (entry,) = Fat(memory.disk).entries(0)
    assert (entry.name, len(entry.slots)) == (name, slots)
    sector, offset = entry.place
    assert memory.sectors[sector][offset : offset + 11] == short


@pytest.mark.parametrize("sectors", [50, 400, 20_000, 8_388_608])
def test_what_random_work_leaves_is_what_it_should(sectors: int):
    memory, chance = Memory(sectors), random.Random(sectors)
    make(memory.disk)
    fat = Fat(memory.disk)
    fat.mkdir("/d", 0)
    files: dict[str, bytes] = {}
    places = [
        "/a.txt",
        *(f"/Long Name {n}.text" for n in range(5)),
        *(f"/d/x{n}" for n in range(9)),
    ]
    for _ in range(200):
        path, other = chance.sample(places, 2)
        try:
            if path in files and chance.random() < 0.3:
                fat.remove(path, False)
                del files[path]
            elif path in files and chance.random() < 0.5:
                content = files.pop(path)
                files.pop(other, None)
                fat.rename(path, other)
                files[other] = content
            elif path not in files:
                content = chance.randbytes(chance.randrange(2000))
                file = FatFile(fat, memory.disk, fat.add(path, 0, 0), True)
                files[path] = b""
                file.write(content)
                fat.update(file.entry)
                files[path] = content
        except FatError as error:
            assert error.number == ENOSPC
            for broken in (path, other):
                if not files.get(broken):
                    files.pop(broken, None)
                    with suppress(FatError):  # it was not begun
                        fat.remove(broken, False)
            break
        again = Fat(memory.disk)
        folder = again.find("/d").cluster
        found = {f"/{e.name}" for e in again.entries(0) if not e.is_folder}
        found |= {f"/d/{e.name}" for e in again.entries(folder)}
        assert found == set(files)
        for name, content in files.items():
            file = FatFile(again, memory.disk, again.find(name), False)
            assert file.read(9999) == content
    fat.flush()
    before = Fat(memory.disk).free()
    taken = sum(-(-len(content) // fat.cluster_bytes) for content in files.values())
    for path in files:
        fat.remove(path, False)
    fat.remove("/d", True)
    fat.flush()
    assert Fat(memory.disk).free() == fat.free() >= before + taken + 1


def test_what_is_no_volume_says_so():
    with pytest.raises(FatError) as caught:
        Fat(Memory(50).disk)
    assert caught.value.number == ENODEV
