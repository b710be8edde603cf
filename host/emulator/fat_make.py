"""New FAT volumes, with the layout that FatFs gives them.

One FAT, 512 entries in the root of the smaller two, FAT32 behind a partition table.
"""

import struct

from host.emulator.fat import EINVAL, ENTRY, MOST_12, MOST_16, Disk, FatError

_ROOT_ENTRIES = 512
_PER_CLUSTER = (1, 4, 16, 64, 256, 512)  # FAT12, 16: from so many 4096ths on one more doubling
_PER_CLUSTER_32 = (1, 2, 4, 8, 16, 32)  # FAT32, of 0x20000


def make(disk: Disk) -> None:
    """Make a volume. Raises FatError EINVAL if the disk is too small."""
    size, count = disk.size, disk.count
    base, table = 0, _layout(size, count, 16)
    if table is None:
        base = 63
        table = _layout(size, count - base, 32)
        if table is None:
            raise FatError(EINVAL)
        entry = struct.pack("<BBBBBBBBII", 0, 1, 1, 0, 0x0C, 254, 63, 255, base, count - base)
        disk.write(0, (bytes(446) + entry).ljust(510, b"\0") + b"\x55\xaa" + bytes(size - 512))
    bits, per_cluster, reserved, fat_sectors, clusters = table
    sectors, is_32 = count - base, bits == 32
    head = b"\xeb\xfe\x90MSDOS5.0" + struct.pack("<HBHB", size, per_cluster, reserved, 1)
    head += struct.pack("<HH", 0 if is_32 else _ROOT_ENTRIES, sectors if sectors < 65536 else 0)
    head += struct.pack("<BHHHI", 0xF8, 0 if is_32 else fat_sectors, 63, 255, base)
    head += struct.pack("<I", 0 if sectors < 65536 else sectors)
    if is_32:
        head += struct.pack("<IHHIHH12x", fat_sectors, 0, 0, 2, 1, 6)
    head += struct.pack("<BBBI", 0x80, 0, 0x29, 0) + b"NO NAME    "
    head += f"FAT{bits if is_32 else ''}".encode().ljust(8)
    boot = head.ljust(510, b"\0") + b"\x55\xaa" + bytes(size - 512)
    disk.write(base, boot)
    if is_32:
        info = b"RRaA".ljust(484, b"\0") + b"rrAa" + struct.pack("<II", clusters - 1, 2)
        info = info.ljust(510, b"\0") + b"\x55\xaa" + bytes(size - 512)
        for sector, content in ((1, info), (6, boot), (7, info)):
            disk.write(base + sector, content)
    root = _ROOT_ENTRIES * ENTRY // size
    first = base + reserved
    start = b"\xf8\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x0f"  # FAT32's root is one cluster
    start = {12: start[:3], 16: start[:4], 32: b"\xf8\xff\xff\x0f" + start[4:]}[bits]
    disk.write(first, start.ljust(size, b"\0"))
    empty = fat_sectors - 1 + (per_cluster if is_32 else root)
    for sector in range(first + 1, first + 1 + empty):
        disk.write(sector, bytes(size))


def _layout(size: int, sectors: int, wanted: int) -> tuple[int, int, int, int, int] | None:
    """Return (bits, sectors of a cluster, reserved, sectors of the FAT, clusters) or None."""
    steps, unit = (_PER_CLUSTER_32, 0x20000) if wanted == 32 else (_PER_CLUSTER, 0x1000)
    per_cluster = 1 << sum(step <= sectors // unit for step in steps)
    clusters = sectors // per_cluster
    bits = wanted if wanted == 32 or clusters > MOST_12 else 12
    needed = {12: (clusters * 3 + 1) // 2 + 3, 16: clusters * 2 + 4, 32: clusters * 4 + 8}[bits]
    fat_sectors = -(-needed // size)
    reserved = 32 if bits == 32 else 1
    root = 0 if bits == 32 else _ROOT_ENTRIES * ENTRY // size
    clusters = (sectors - reserved - fat_sectors - root) // per_cluster
    if clusters < 16 or bits == 16 and clusters > MOST_16:
        return None
    return bits, per_cluster, reserved, fat_sectors, clusters
