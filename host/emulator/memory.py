"""The guest's linear memory, read and written in place."""

import ctypes
import struct
from typing import Any

from wasmtime import Memory, Store

PAGE = 65536

_U16 = struct.Struct("<H")
_U32 = struct.Struct("<I")
_U64 = struct.Struct("<Q")


class GuestMemory:
    """A view of one instance's memory. Addresses are byte offsets, as the guest's pointers are.

    Every access outside the memory raises IndexError or struct.error: the view ends where the
    memory ends. Only the thread that runs the instance may grow it.
    """

    def __init__(self, memory: Memory, store: Store) -> None:
        self._memory = memory
        self._store = store
        self._view = memoryview(b"")
        self._map()

    def _map(self) -> None:
        size = self._memory.data_len(self._store)
        base = ctypes.addressof(self._memory.data_ptr(self._store).contents)
        array: Any = (ctypes.c_ubyte * size).from_address(base)
        self._view = memoryview(array).cast("B")

    def window(self, address: int, size: int) -> memoryview:
        """Return `size` bytes at `address` as a writable view. Raises IndexError outside."""
        end = address + size
        if end > len(self._view):
            self._map()  # the guest may have grown its memory since
        if address < 0 or size < 0 or end > len(self._view):
            raise IndexError(f"guest address {address:#x}..{end:#x} is outside its memory")
        return self._view[address:end]

    def words(self, address: int, count: int) -> memoryview:
        """Return `count` words of 8 bytes at `address` as one writable view of integers."""
        return self.window(address, 8 * count).cast("Q")

    def _unpack(self, word: struct.Struct, address: int) -> int:
        try:
            return word.unpack_from(self._view, address)[0]
        except struct.error:
            return word.unpack(self.window(address, word.size))[0]

    def _pack(self, word: struct.Struct, address: int, value: int) -> None:
        try:
            word.pack_into(self._view, address, value)
        except struct.error:
            word.pack_into(self.window(address, word.size), 0, value)

    def read(self, address: int, size: int) -> bytes:
        """Return a copy of `size` bytes at `address`."""
        return bytes(self.window(address, size))

    def write(self, address: int, data: bytes | bytearray | memoryview) -> None:
        """Store `data` at `address`."""
        self.window(address, len(data))[:] = data

    def text(self, address: int, size: int) -> str:
        """Return `size` bytes at `address` decoded from UTF-8, bad bytes replaced."""
        return self.read(address, size).decode("utf-8", "replace")

    def u8(self, address: int) -> int:
        """Return the byte at `address`."""
        return self.window(address, 1)[0]

    def u16(self, address: int) -> int:
        """Return the little-endian 16-bit word at `address`."""
        return self._unpack(_U16, address)

    def u32(self, address: int) -> int:
        """Return the little-endian 32-bit word at `address`."""
        return self._unpack(_U32, address)

    def u64(self, address: int) -> int:
        """Return the little-endian 64-bit word at `address`."""
        return self._unpack(_U64, address)

    def put_u8(self, address: int, value: int) -> None:
        """Store one byte."""
        self.window(address, 1)[0] = value

    def put_u16(self, address: int, value: int) -> None:
        """Store a 16-bit word."""
        self._pack(_U16, address, value)

    def put_u32(self, address: int, value: int) -> None:
        """Store a 32-bit word."""
        self._pack(_U32, address, value)

    def put_u64(self, address: int, value: int) -> None:
        """Store a 64-bit word."""
        self._pack(_U64, address, value)

    @property
    def size(self) -> int:
        """Bytes of linear memory now."""
        return self._memory.data_len(self._store)

    def append_pages(self, data: bytes) -> int:
        """Grow the memory by whole pages that hold `data`; return where `data` starts."""
        pages = -(-len(data) // PAGE)
        address = self._memory.grow(self._store, pages) * PAGE
        self._map()
        self.write(address, data)
        return address
