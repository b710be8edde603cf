"""What the shims ask about SPI, UART, non-volatile storage, sleep and hashes."""

import hashlib
from typing import TYPE_CHECKING

from host.emulator.exits import Reset
from host.emulator.operations import operation

if TYPE_CHECKING:
    from host.emulator.boot import Boot

_DEEPSLEEP_RESET = 4
_HASHES = {1: "md5", 2: "sha1"}


class PeripheralCalls:
    """A part of the port; see host_calls.py."""

    _boot: "Boot"
    _pushed: list[int]

    @operation
    def spi_transfer(self, sck: int) -> None:
        """Exchange bytes. Pushed: mosi, miso (pins, 255: none), address, length, answer or 0."""
        mosi, miso, address, length, answer_at = self._pushed
        memory = self._boot.memory
        answer = self._boot.wiring.spi(sck, mosi, miso).transfer(memory.read(address, length))
        if answer_at:
            memory.write(answer_at, answer)

    @operation
    def uart_open(self, number: int) -> None:
        """Set a UART up. Pushed: size of its receive buffer."""
        self._boot.wiring.uart(number).rx_size = self._pushed[0]

    @operation
    def uart_any(self, number: int) -> int:
        """Return how many bytes have come."""
        return self._boot.wiring.uart(number).waiting

    @operation
    def uart_read(self, number: int) -> int:
        """Take bytes that have come; return how many. Pushed: address, size."""
        address, size = self._pushed
        data = self._boot.wiring.uart(number).take(size)
        self._boot.memory.write(address, data)
        return len(data)

    @operation
    def uart_write(self, number: int) -> None:
        """Send bytes. Pushed: address, length."""
        self._boot.wiring.uart(number).put(self._boot.memory.read(*self._pushed))

    @operation
    def nvs_put(self, kind: int) -> None:
        """Store a value. Pushed: namespace, key, value, each an address and a length."""
        self._boot.nvs.put(*self._nvs_name(kind), self._boot.memory.read(*self._pushed[4:]))

    @operation
    def nvs_get(self, kind: int) -> int:
        """Return 1 + a value's length, 0: there is none. Pushed: as above, with a buffer."""
        value = self._boot.nvs.get(*self._nvs_name(kind))
        if value is None:
            return 0
        address, size = self._pushed[4:]
        if len(value) <= size:
            self._boot.memory.write(address, value)
        return 1 + len(value)

    @operation
    def nvs_erase(self, _: int) -> int:
        """Forget a key, of whatever kind; return how many there were. Pushed: as above."""
        _, namespace, key = self._nvs_name(0)
        return self._boot.nvs.erase_key(namespace, key)

    def _nvs_name(self, kind: int) -> tuple[int, str, str]:
        text = self._boot.memory.text
        return kind, text(*self._pushed[:2]), text(*self._pushed[2:4])

    @operation
    def wake_ext0(self, pin: int) -> None:
        """Have a pin end sleep. Pushed: the level; nothing: no pin does."""
        self._boot.sleep.ext0 = (pin, self._pushed[0]) if self._pushed else None

    @operation
    def wake_ext1(self, level: int) -> None:
        """Have any of the pushed pins high end sleep, or all of them low."""
        self._boot.sleep.ext1 = tuple(self._pushed), level

    @operation
    def sleep(self, ms: int) -> None:
        """Sleep until a pin or, after `ms`, the timer wakes the board; 0: no timer."""
        self._boot.sleep.sleep(ms)

    @operation
    def sleep_deep(self, ms: int) -> None:
        """Let go of the pins, sleep as above, and restart."""
        self._boot.power_down()
        self._boot.sleep.sleep(ms)
        raise Reset(_DEEPSLEEP_RESET)

    @operation
    def wake_reason(self, _: int) -> int:
        """Return what ended the last sleep, as machine.wake_reason() says it."""
        return self._boot.sleep.wake_reason

    @operation
    def partition(self, field: int) -> int:
        """Return the file system's offset (0) or size (1) in the flash."""
        return (self._boot.spec.vfs_offset, self._boot.spec.vfs_bytes)[field]

    @operation
    def partition_read(self, offset: int) -> None:
        """Read the file system's partition as it is. Pushed: address, size."""
        address, size = self._pushed
        self._boot.memory.write(address, self._boot.volume.read_raw(offset, size))

    @operation
    def partition_write(self, offset: int) -> None:
        """Program it. Pushed: address, size."""
        self._boot.volume.write_raw(offset, self._boot.memory.read(*self._pushed))

    @operation
    def partition_erase(self, block: int) -> None:
        """Erase a block of 4096 bytes."""
        self._boot.volume.erase_raw(block)

    @operation
    def hash_new(self, kind: int) -> int:
        """Begin a hash (1 md5, 2 sha1); return its number."""
        hashes = self._boot.hashes
        number = max(hashes, default=0) + 1
        hashes[number] = hashlib.new(_HASHES[kind], usedforsecurity=False)
        return number

    @operation
    def hash_update(self, number: int) -> None:
        """Take bytes into a hash. Pushed: address, length."""
        self._boot.hashes[number].update(self._boot.memory.read(*self._pushed))

    @operation
    def hash_digest(self, number: int) -> None:
        """End a hash. Pushed: where its digest goes."""
        self._boot.memory.write(self._pushed[0], self._boot.hashes.pop(number).digest())
