"""One emulated board: a thread that boots the VM, and the pins, flash and radio around it."""

import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from host.boards import BoardSpec, load_board
from host.emulator.access_point import AccessPoint
from host.emulator.analog import AdcInput, Analog, Pwm, PwmOutput
from host.emulator.board_files import BoardFiles
from host.emulator.boot import Boot, bare_allocation
from host.emulator.clock import READ_COST_US, Clock
from host.emulator.dht import DhtSensor
from host.emulator.ds18x20 import Ds18x20Bus
from host.emulator.exits import BoardExit, PowerCut, ProgramExit, Reset, Stopped, Stuck
from host.emulator.filesystem import FileSystem, volume_blocks
from host.emulator.flash import BLOCK, FlashChip
from host.emulator.heap import STEP, HeapStats, heap_bytes_for
from host.emulator.i2c import I2cBus
from host.emulator.neopixel import PixelStrip
from host.emulator.network import Network
from host.emulator.nvs import Nvs
from host.emulator.pins import Pin, Pins
from host.emulator.rtc import Rtc
from host.emulator.serial import Serial
from host.emulator.sleep import Sleep
from host.emulator.sockets import SocketTap
from host.emulator.spi import SpiBus
from host.emulator.timeline import Timeline
from host.emulator.timers import Timers, Watchdog, watchdog_report
from host.emulator.uart import UartLine
from host.emulator.vm import VmCrash
from host.emulator.wifi import Wifi
from host.emulator.wiring import Wiring

POWER_ON, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET = 1, 2, 3, 4  # machine.reset_cause()
_JOIN_TIMEOUT_S = 10.0
_BITE_S = 5.0  # of the wall: whoever computes for so long would have computed for minutes


class Board:
    """A board of a world; make it with `World.board`.

    state: "off", "running", "stopped" (its program ended) or "crashed" (the VM itself failed).
    exit: the program's exit code, or why it crashed; None while it runs. boots: how often it has
    started. reset_cause: what machine.reset_cause() answers. serial: its console. files: its
    flash, from outside. wifi: its network. flash: the chip below the files. socket_taps: are told
    what passes through the sockets that are opened from then on.
    """

    def __init__(
        self,
        spec: BoardSpec,
        name: str,
        timeline: Timeline,
        *,
        files: Mapping[str, bytes] | None = None,
        overwrite: bool = False,
        storage: Path | None = None,
        heap_kb: int | None = None,
        repl: bool = False,
        seed: int = 0,
        number: int = 0,
        start_unix_us: int = 0,
        date_is_set: bool = True,
        network: AccessPoint | None = None,
        stuck_s: float = 60.0,
        counts_fuel: bool = False,
        air: Network | None = None,
    ) -> None:
        self.spec = spec
        self.name = name
        self.number = number
        self.state = "off"
        self.exit: int | str | None = None
        self.boots = 0
        self.reset_cause = POWER_ON
        self.mac = b"\x02\x4c" + sha256(f"{seed} {name}".encode()).digest()[:4]
        self.serial = Serial()
        self.clock = Clock(timeline, self._attend)
        self.pins = Pins(self.clock, self._interrupt, spec.silicon)
        self.analog = Analog(spec.silicon)
        self.pwm = Pwm(self.clock)
        self.wiring = Wiring(self.clock, self.pins)
        self.timers = Timers(self.clock, self._interrupt)
        self.watchdog = Watchdog(self.clock, self.bitten)
        address = f"10.0.{number // 250}.{number % 250 + 2}"
        self.wifi = Wifi(self.clock, address, network or AccessPoint())
        self.world_unix_us = lambda: start_unix_us + self.clock.now_us
        self.rtc = Rtc(self.clock, self.world_unix_us, date_is_set)
        self.nvs = Nvs(storage)  # before the flash, which makes the file
        base = volume_blocks(spec.vfs_bytes // BLOCK, files) if files and not storage else None
        self.flash = FlashChip(spec.vfs_bytes // BLOCK, storage, seed, base)
        self.volume = FileSystem(self.flash)
        self.files = BoardFiles(self.volume)
        self.station = air.join(self) if air else None
        self.sleep = Sleep(self.clock, self.pins)
        self.socket_taps: list[SocketTap] = []
        self._heap_bytes = (heap_kb or spec.heap_kb) * 1024
        self._seed = seed
        self._counts_fuel = counts_fuel
        self._boot: Boot | None = None
        self._wanted: BoardExit | None = None
        self._thread: threading.Thread | None = None
        self._ended_us: int | None = None
        self._stuck_s = stuck_s
        self._resume_us = 0
        self._last_heap = HeapStats(0, 0, 0, 0)
        self.serial.connect(self.clock.wake, self.clock.note_input)
        self.serial.repl = int(repl)
        self.serial.on_interrupt = self._interrupt_program
        if base is None:
            for path, data in (files or {}).items():
                if overwrite or not self.volume.exists(path):
                    self.volume.write(path, data)

    # -- life ----------------------------------------------------------------------------------

    def start(self) -> None:
        """Switch it on: boot.py and main.py run on a thread of its own. No effect if it is on."""
        if self.state == "running":
            return
        self._join(_JOIN_TIMEOUT_S)
        self.state = "running"
        self.exit = None
        self._wanted = self._ended_us = None
        self.clock.start()
        self.rtc.power_on()
        self.wiring.power_on()
        self._thread = threading.Thread(
            target=self._live, args=(POWER_ON,), name=f"board {self.name}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Switch it off; the program is not told. One that ended already keeps its state."""
        self._request(Stopped("switched off"))
        self._join(_JOIN_TIMEOUT_S)

    def reset(self) -> None:
        """Press its reset button: the program is not told, and the board boots again."""
        self._request(Reset(HARD_RESET))

    def brown_out(self) -> None:
        """Let its supply sag: it says so and boots at once, as after power-on."""
        if self.state == "running":
            self.serial.put_output(b"\nBrownout detector was triggered\n\n")
            self.rtc.power_on()
            self.wiring.power_on()
            self._request(Reset(POWER_ON))

    def power_cut(self, after_flash_ops: int | None = None, torn: bool = False) -> None:
        """Cut its supply now, or at the flash operation after the next `after_flash_ops`.

        torn: that operation is left half done. Afterwards the state is "off"; what was not synced
        to the flash is lost.
        """
        if after_flash_ops is not None:
            self.flash.cut_after(after_flash_ops, torn)
            return
        self._request(PowerCut("power cut"))
        self._join(_JOIN_TIMEOUT_S)

    def erase_flash(self) -> None:
        """Erase its files and its NVS, as `esptool erase-flash` does; it is switched off first."""
        self.stop()
        self.volume.drop()
        self.flash.wipe()
        self.nvs.erase()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until it is not running any more. Raises TimeoutError."""
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while self.state == "running":
            left_s = 0.2 if deadline_s is None else min(0.2, deadline_s - time.monotonic())
            if left_s <= 0:
                raise TimeoutError(f"board {self.name} still runs after {timeout_s} s")
            thread = self._thread
            if thread:
                thread.join(left_s)

    def close(self) -> None:
        """Switch it off and let go of its storage."""
        self.stop()
        self.clock.close()
        self.flash.close()

    # -- what one sees and touches ---------------------------------------------------------------

    def pin(self, number: int) -> Pin:
        """Return a GPIO. Raises KeyError if the chip has none of that number."""
        return self.pins[number]

    def adc(self, number: int) -> AdcInput:
        """Return what is wired to an ADC pin. Raises KeyError where there is no ADC."""
        return self.analog[number]

    def pwm_on(self, number: int) -> PwmOutput:
        """Return what PWM puts out on a pin."""
        return self.pwm[number]

    def dht(self, pin: int) -> DhtSensor:
        """Return the DHT11 or DHT22 of a pin; `set` wires it."""
        return self.wiring.dht(pin)

    def ds18x20(self, pin: int) -> Ds18x20Bus:
        """Return the DS18x20 thermometers of a pin; `set` wires one."""
        return self.wiring.ds18x20(pin)

    def neopixel(self, pin: int) -> PixelStrip:
        """Return the NeoPixels of a pin."""
        return self.wiring.neopixel(pin)

    def i2c(self, sda: int, scl: int) -> I2cBus:
        """Return the I2C bus of two pins; `attach` puts a device on it."""
        return self.wiring.i2c(sda, scl)

    def spi(self, sck: int, mosi: int, miso: int) -> SpiBus:
        """Return the SPI bus of three pins; `attach` puts a device on it."""
        for number in (sck, mosi, miso):
            self.pins[number]
        return self.wiring.spi(sck, mosi, miso)

    def uart(self, number: int) -> UartLine:
        """Return UART 1 or 2 from outside; the console's is `serial`. Raises KeyError."""
        return self.wiring.uart(number)

    @property
    def heap(self) -> HeapStats:
        """The collector's heap, now or when the board last ran."""
        if (boot := self._boot) and (seen := boot.heap_use()):
            cost = shim_cost()
            self._last_heap = HeapStats(
                seen.total - cost, seen.used - cost, seen.free, max(0, seen.peak - cost)
            )
        return self._last_heap

    @property
    def fuel(self) -> int:
        """Instructions of the VM's WebAssembly executed since it started; see World(fuel=).

        Exact while the board waits, as it does after World.run. Raises ValueError without fuel.
        """
        if not self._counts_fuel:
            raise ValueError("this world does not count instructions: make it with fuel=True")
        boot = self._boot
        return boot.fuel() if boot else 0

    @property
    def now_s(self) -> float:
        """Virtual seconds since the world began, as this board has it."""
        return self.clock.now_us / 1e6

    @property
    def is_booted(self) -> bool:
        """Whether boot.py has begun, so that Ctrl-C is heard."""
        return bool(self._boot and self._boot.allocated_at_start is not None)

    @property
    def seen_s(self) -> float:
        """Virtual seconds since the world began when it last ran: now, or when it ended."""
        return self.now_s if self._ended_us is None else self._ended_us / 1e6

    # -- the thread ----------------------------------------------------------------------------

    def _live(self, cause: int) -> None:
        try:
            while True:
                self.reset_cause = cause
                self.clock.advance(self._resume_us)
                if cause != DEEPSLEEP_RESET:
                    self.sleep.wake_reason = 0
                again = self._run_once()
                if again is None:
                    return
                cause = again
        finally:
            self.clock.stop()

    def _run_once(self) -> int | None:
        """Boot once; return the cause of the reset that ended it, or None."""
        self._boot = None  # what interrupts from here on has no VM: the last one's memory is gone
        self.pins.reset()
        self.sleep.reset()
        self.power_down()
        try:
            if self.station:
                self.clock.wait(self.clock.now_us + READ_COST_US)  # until it is its turn
            self.boots += 1
            self.volume.mount()
            cost = shim_cost()
            heap = heap_bytes_for(self._heap_bytes, cost)
            self._boot = Boot(
                self,
                heap,
                cost,
                self._seed + self.boots,
                self.reset_cause,
                counts_fuel=self._counts_fuel,
            )
            self._boot.run()
        except Reset as reset:
            return reset.cause
        except PowerCut as cut:
            self._end("off", str(cut))
        except Stuck as stuck:
            self.serial.put_output(f"\nthe board is stuck: {stuck}\n".encode())
            self._end("crashed", str(stuck))
        except Stopped as stopped:
            self._end("off", str(stopped))
        except ProgramExit as ended:
            self._end("stopped", ended.code)
        except VmCrash as crash:
            self.serial.put_output(f"\nthe VM crashed: {crash}\n".encode())
            self._end("crashed", str(crash))
        except Exception:
            self._end("crashed", traceback.format_exc())
        else:
            self._end("stopped", 0)
        finally:
            self.volume.drop()
        return None

    def power_down(self) -> None:
        """Switch off what a restart switches off, and deep sleep too; inputs keep their pulls."""
        self.pins.release_outputs()
        for part in (self.pwm, self.timers, self.watchdog, self.wifi, self.wiring):
            part.reset()

    def _end(self, state: str, why: int | str) -> None:
        self.exit = why
        self._ended_us = self.clock.now_us
        self.clock.stop()
        self.state = state

    def _join(self, timeout_s: float) -> None:
        thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join(timeout_s)
            if thread.is_alive():
                raise TimeoutError(f"board {self.name} did not end within {timeout_s} s")
            self._thread = None

    def bitten(self) -> None:
        """Let the watchdog restart the board, with what a real one prints."""
        self.serial.put_output(watchdog_report(self.clock.now_us // 1000))
        self._request(Reset(WDT_RESET))

    def is_given_up(self, busy_s: float) -> bool:
        """Deal with a board that has computed for `busy_s` of the wall without a look at time.

        Its watchdog, if it runs, bites, and the board goes on from when it is due; otherwise it
        crashes once it has been busy for `stuck_s`. False if neither is to be done yet.
        """
        due_us = self.watchdog.due_us
        if due_us is not None and busy_s > min(_BITE_S, self._stuck_s):
            self._resume_us = due_us
            self.bitten()
            return True
        if busy_s > self._stuck_s:
            self._request(Stuck(f"busy for {busy_s:.0f} s, neither waiting nor asking the time"))
            return True
        return False

    def _request(self, exit_: BoardExit) -> None:
        """Have the VM unwound by `exit_` as soon as it calls the host, or loops."""
        if self.state != "running":
            return
        self._wanted = exit_
        self.clock.interrupt()
        if boot := self._boot:
            boot.nudge()

    def _attend(self) -> bool:
        """Deal with what came from outside; True if the guest has interrupts to handle."""
        wanted, self._wanted = self._wanted, None
        if wanted:
            raise wanted
        return bool(self._boot and self._boot.attend())

    def _interrupt_program(self) -> None:
        if boot := self._boot:
            boot.interrupt_program()

    def _interrupt(self, function: int, argument: int) -> None:
        if boot := self._boot:
            boot.interrupt(function, argument)


_measure = threading.Lock()


@cache
def _measured_cost() -> int:
    timeline = Timeline()
    board = Board(load_board("esp32-devkit"), "measure", timeline, heap_kb=512)
    try:
        board.clock.start()
        timeline.hold(60_000_000)
        boot = Boot(board, 512 * 1024, 0, 0, POWER_ON)
        with suppress(ProgramExit):
            boot.run()
        if boot.allocated_at_start is None:
            raise RuntimeError(f"the shims do not boot: {board.serial.text}")
        cost = boot.allocated_at_start - bare_allocation()
        return -(-cost // STEP) * STEP  # so that a board's heap is to the byte what it asked for
    finally:
        board.close()


def shim_cost() -> int:
    """Return the bytes of heap that the shims take and a chip's C modules do not; measured."""
    with _measure:
        return _measured_cost()
