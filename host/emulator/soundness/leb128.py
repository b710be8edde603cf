"""WebAssembly's numbers (LEB128) and a cursor that reads them."""

from __future__ import annotations


class UnsupportedModule(ValueError):
    """These bytes are not the one module that this room knows how to rewrite."""


def check(condition: bool, message: str) -> None:
    """Raise UnsupportedModule(message) unless the condition holds."""
    if not condition:
        raise UnsupportedModule(message)


def uleb(value: int) -> bytes:
    """Encode an unsigned integer in the fewest bytes."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def sleb(value: int) -> bytes:
    """Encode a signed integer in the fewest bytes."""
    out = bytearray()
    while not -64 <= value < 64:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value & 0x7F)
    return bytes(out)


class Reader:
    """A cursor over bytes. Reading past the end raises UnsupportedModule."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def byte(self) -> int:
        """Read one byte."""
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        """Read that many bytes."""
        check(self.at + count <= len(self.data), "it ends in the middle of something")
        self.at += count
        return self.data[self.at - count : self.at]

    def uint(self) -> int:
        """Read an unsigned integer."""
        return self._leb()[0]

    def sint(self) -> int:
        """Read a signed integer."""
        value, bits = self._leb()
        return value - (1 << bits) if value >> (bits - 1) else value

    def _leb(self) -> tuple[int, int]:
        """Read an integer. Returns its bits as an unsigned value, and how many there are."""
        value = bits = 0
        while True:
            check(self.at < len(self.data), "it ends in the middle of a number")
            byte = self.data[self.at]
            self.at += 1
            value |= (byte & 0x7F) << bits
            bits += 7
            if byte < 0x80:
                return value, bits
