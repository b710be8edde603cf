"""One boot of a board: a fresh VM with the board's devices wired to its imports."""

import random
import threading
from collections import deque
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from host.emulator import errnos, imports
from host.emulator.anatomy import anatomy
from host.emulator.cell import CELL, MONOTONIC, REALTIME, WORDS
from host.emulator.descriptors import (
    Console,
    Descriptor,
    GuestError,
    RandomSource,
    RawOutput,
    Table,
)
from host.emulator.files import GuestFiles
from host.emulator.guest_fat import FatVolume
from host.emulator.guest_littlefs import LittleFsVolume
from host.emulator.heap import HeapStats
from host.emulator.host_calls import OPERATIONS, Port
from host.emulator.probe import run_probe
from host.emulator.rom import rom_image
from host.emulator.tls_context import TlsContext
from host.emulator.toil import Toil
from host.emulator.traceback_filter import TraceOutput
from host.emulator.vm import Vm
from host.emulator.wasi import Wasi

if TYPE_CHECKING:
    from hashlib import _Hash as Hash  # pyright: ignore[reportPrivateUsage]

    from host.emulator.board import Board

RESULT_CAP = 128  # bytes; each host.call allocates as much on the guest's heap
_EACH_WAIT, _EVERY = 1000, 16  # the heap is sampled at each of the first waits, then less often
_PLATFORM = b"esp32"
_START = (
    "import sys,uctypes,vfs\n"
    "p=open('\\x01port','r+b').seek\n"
    "vfs.mount(vfs.VfsRom(uctypes.bytearray_at(p(0,{OP_ROM}),p(0,{OP_ROM_SIZE}))),'/rom')\n"
    "sys.path[:]=['','/rom','/lib']\n"
    "sys.argv[:]=[]\n"
    "import _boot\n"
    "_boot.go(globals())\n"
).format(**OPERATIONS)


class Boot:
    """Runs the board once, from power-on or reset to its end, on the calling thread.

    heap_bytes: for MicroPython's collector, of which the shims take `shim_cost`. on_booted: told
    gc.mem_alloc() when main.py is next.
    """

    def __init__(
        self,
        board: "Board",
        heap_bytes: int,
        shim_cost: int,
        seed: int,
        reset_cause: int,
        *,
        counts_fuel: bool = False,
    ) -> None:
        self.clock = board.clock
        self.pins = board.pins
        self.analog = board.analog
        self.pwm = board.pwm
        self.wiring = board.wiring
        self.timers = board.timers
        self.watchdog = board.watchdog
        self.wifi = board.wifi
        self.station = board.station
        self.rtc = board.rtc
        self.volume = board.volume
        self.sleep = board.sleep
        self.nvs = board.nvs
        self.spec = board.spec
        self.power_down = board.power_down
        self.hashes: dict[int, Hash] = {}
        self.volumes: list[LittleFsVolume | FatVolume] = []
        self.socket_taps = board.socket_taps
        self.reset_cause = reset_cause
        self.shim_cost = shim_cost
        self.about = {"mac": board.mac.hex(), "address": board.wifi.address}
        self.descriptors = Table()
        self.wifi.changed = self.descriptors.touch
        self.on_booted: Callable[[int], None] = lambda _allocated: None
        self.allocated_at_start: int | None = None
        self.peak_used = 0
        self._waits = 0
        self.serial = board.serial
        self.interrupt_error = 0  # a guest pointer
        self._is_interrupted = False
        self._anatomy = anatomy()
        self._rom = rom_image() + _PLATFORM
        self._lock = threading.Lock()
        self._vm: Vm | None = None
        self._last_heap: HeapStats | None = None
        self._counts_fuel = counts_fuel
        self._last_fuel = 0
        self._pending: deque[tuple[int, int]] = deque()
        self._thread = 0
        self._random = random.Random(seed)
        self._port = Port(self)
        self._toil = Toil(board.clock, lambda: board.clock.has_alarms or board.pins.have_handlers)
        self._wasi = self._make_wasi(heap_bytes, board.world_unix_us)

    def _make_wasi(self, heap_bytes: int, unix_us: Callable[[], int]) -> Wasi:
        console = Console(self.serial, self._wait_for_input)
        for number in range(3):
            self.descriptors.put(number, console)
        devices: dict[str, Callable[[], Descriptor]] = {
            "port": lambda: self._port,
            "socket": self._port.take_socket,
            "tls0": TlsContext,
            "tls1": lambda: TlsContext(is_server=True),
            "random": lambda: RandomSource(self._random),
            "stdout": lambda: RawOutput(self.serial),
            "trace": lambda: TraceOutput(self.serial),
        }
        files = GuestFiles(self.volume, devices)
        arguments = ["micropython", "-X", f"heapsize={heap_bytes}", "-c", _START]
        base_us = unix_us() - self.clock.now_us
        return Wasi(
            arguments,
            self.clock,
            self.descriptors,
            files,
            base_us,
            self._random,
            self._port,
            self._toil,
        )

    def run(self) -> None:
        """Run to the end. Raises BoardExit or VmCrash."""
        self._thread = threading.get_ident()
        handlers: dict[str, imports.Handler] = self._wasi.handlers()
        handlers["host_call"] = self._host_call
        handlers["host_result_cap"] = lambda: RESULT_CAP
        vm = Vm(handlers, self._tick, counts_fuel=self._counts_fuel)
        self.memory = vm.memory
        self._wasi.attach(vm.memory)
        self._anatomy.set_errnos(vm.memory)
        words = vm.memory.words(CELL, WORDS)
        words[REALTIME], words[MONOTONIC] = (base % (1 << 64) for base in self._wasi.bases_us)
        self.clock.move(words)
        self._vm = vm
        try:
            vm.run()
        finally:
            self._last_heap = self.heap_use()
            self._last_fuel = self._fuel_of(vm)
            self.clock.leave()
            for volume in self.volumes:
                volume.end()
            with self._lock:
                self._vm = None
                self.descriptors.abandon()
                self._port.abandon()
                vm.close()

    # -- from any thread -----------------------------------------------------------------------

    def interrupt(self, function: int, argument: int) -> None:
        """Have the guest's function(argument) run soon, as its scheduler does."""
        if function:
            self._pending.append((function, argument))
            self.clock.interrupt()
            self.nudge()

    def interrupt_program(self) -> None:
        """Have KeyboardInterrupt raised in the program soon."""
        self._is_interrupted = True
        self.clock.interrupt()
        self.nudge()

    def nudge(self) -> None:
        """Have the VM attend even if it computes without ever calling the host."""
        if threading.get_ident() != self._thread:
            with self._lock:
                if self._vm:
                    self._vm.nudge_all()

    def heap_use(self) -> HeapStats | None:
        """Return the collector's heap as it is, or was at the end; None before main.py."""
        with self._lock:
            if self._vm is None or self.allocated_at_start is None:
                return self._last_heap
            total, used = self._anatomy.heap_use(self._vm.memory)
        self.peak_used = max(self.peak_used, used)
        return HeapStats(total, used, total - used, self.peak_used)

    def fuel(self) -> int:
        """Return the instructions executed so far, or until the end; exact while it waits."""
        with self._lock:
            return self._fuel_of(self._vm) if self._vm else self._last_fuel

    def _fuel_of(self, vm: Vm) -> int:
        return vm.fuel - self._toil.fuel if self._counts_fuel else 0

    # -- from the VM's thread ------------------------------------------------------------------

    def attend(self) -> bool:
        """Put what interrupted into the scheduler's queue; True if the VM has to look there."""
        found = bool(self._pending)
        if self._is_interrupted and self.interrupt_error:
            self._is_interrupted = False
            self._anatomy.raise_soon(self.memory, self.interrupt_error)
            found = True
        while self._pending:
            self._anatomy.schedule(self.memory, *self._pending.popleft())
        return found or self._anatomy.is_pending(self.memory)

    def set_interrupt_char(self, char: int | None) -> None:
        """Set which character interrupts the program, and forget one that came before."""
        self.serial.interrupt_char = char
        self._is_interrupted = False
        self._anatomy.raise_soon(self.memory, 0)

    def booted(self, allocated: int) -> None:
        """The shims are in place and the collector has run: main.py is next."""
        self.allocated_at_start = allocated
        self.on_booted(allocated)

    def sample_heap(self) -> None:
        """Note the heap's use, for its peak; not at every wait once the board has settled."""
        self._waits += 1
        if self._waits > _EACH_WAIT and self._waits % _EVERY:
            return
        self.peak_used = max(self.peak_used, self._anatomy.heap_use(self.memory)[1])

    @property
    def rom_size(self) -> int:
        """Bytes of the ROMFS."""
        return len(self._rom) - len(_PLATFORM)

    def place_rom(self) -> int:
        """Put the ROM behind the guest's memory and return its address."""
        address = self.memory.append_pages(self._rom)
        self._anatomy.set_platform(self.memory, _PLATFORM, address + self.rom_size)
        return address

    def _tick(self) -> None:
        self.clock.attend_now()
        if self._anatomy.is_pending(self.memory):
            self.clock.interrupt()  # the VM may be past its last look before it blocks

    def _wait_for_input(self) -> None:
        serial = self.serial
        if serial.has_input or serial.is_ended:
            return
        self.clock.wait(None, ready=lambda: serial.has_input or serial.is_ended)
        if not (serial.has_input or serial.is_ended):
            raise GuestError(errnos.WASI_EINTR)  # the VM runs the handlers and reads again

    def _host_call(
        self, name_at: int, name: int, text_at: int, text: int, result_at: int, cap: int
    ) -> int:
        memory = self.memory
        self._toil.calls += 1
        answer = self._port.call(memory.text(name_at, name), memory.text(text_at, text)).encode()
        if len(answer) <= cap:
            memory.write(result_at, answer)
        return len(answer)


@cache
def bare_allocation() -> int:
    """Return gc.mem_alloc() of a VM with nothing loaded: what a chip has at the same point."""
    found: list[int] = []
    run_probe(
        "import gc, host; gc.collect(); host.call('allocated', str(gc.mem_alloc()))",
        {"allocated": lambda _memory, text: found.append(int(text))},
    )
    return found[0]
