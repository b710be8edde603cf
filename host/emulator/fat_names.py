"""The names of FAT: eleven bytes for a short one, entries of their own for a long one."""

LOWER_BODY, LOWER_END = 0x08, 0x10  # flags of a short name
LONG = 0x0F  # the attribute of an entry that holds a part of a long name
_SHORT = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'()-@^_`{}~")


def short_name(name: str) -> tuple[bytes | None, int]:
    """Return (eleven bytes, which parts are in small letters), None: it needs a long name."""
    body, dot, end = name.partition(".")
    fits = 0 < len(body) <= 8 and len(end) <= 3 and bool(end) == bool(dot)
    if not fits or not set((body + end).upper()) <= _SHORT:
        return None, 0
    case = 0
    for part, bit in ((body, LOWER_BODY), (end, LOWER_END)):
        if part.upper() != part and part.lower() != part:
            return None, 0
        case |= bit if part.upper() != part else 0
    return (body.upper().ljust(8) + end.upper().ljust(3)).encode(), case


def tailed(name: str, number: int) -> bytes:
    """Return a short name for a long one."""
    body, _, end = name.upper().rpartition(".") if "." in name[1:] else (name.upper(), "", "")
    clean = "".join(c if c in _SHORT else "_" for c in body if c not in " .")
    tail = f"~{number}"
    end = "".join(c if c in _SHORT else "_" for c in end if c != " ")[:3]
    return ((clean[: 8 - len(tail)] + tail).ljust(8) + end.ljust(3)).encode()


def long_parts(name: str, short: bytes) -> list[bytes]:
    """Return the entries of a long name, the last part first."""
    check = 0
    for byte in short:
        check = ((check >> 1) + (check << 7) + byte) & 0xFF
    raw = name.encode("utf-16-le")
    count = -(-len(raw) // 26)
    if len(raw) < count * 26:
        raw = (raw + b"\0\0").ljust(count * 26, b"\xff")
    parts: list[bytes] = []
    for n in range(count):
        part = raw[n * 26 : n * 26 + 26]
        number = n + 1 | (0x40 if n == count - 1 else 0)
        head = bytes([number]) + part[:10] + bytes([LONG, 0, check])
        parts.append(head + part[10:22] + b"\0\0" + part[22:])
    return parts[::-1]
