"""What the shims ask of the host: one table of operations.

The cheapest call the VM offers is `seek` on an open file: two integers in, one out, nothing on
the guest's heap. So the shims open a device, the port, and call `port(value, OP_NAME)`. More
arguments are pushed first; bytes are passed by their address. Numbers are 0..2**31-1. The build
of the shims replaces OP_ names by their numbers, so this table is the only place for them.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from host.emulator import errnos, sockets
from host.emulator.cell import CELL, INPUT
from host.emulator.descriptors import Descriptor, GuestError
from host.emulator.network_socket import NetworkSocket
from host.emulator.operations import METHODS, OPERATIONS, operation
from host.emulator.peripheral_calls import PeripheralCalls
from host.emulator.polls import Polls
from host.emulator.sockets import SocketFile
from host.emulator.system_calls import SystemCalls
from host.emulator.tls import TlsFile
from host.emulator.tls_calls import TlsCalls
from host.emulator.volume_calls import VolumeCalls

if TYPE_CHECKING:
    from host.emulator.boot import Boot

_EPOCH_2000_S = 946_684_800
# lwIP asks each of two name servers four times, waiting 1, 1, 2 and 3 s. It blocks everything.
_NAME_TIMEOUT_US = 14_000_000


class Port(SystemCalls, PeripheralCalls, TlsCalls, VolumeCalls, Descriptor):
    """The device behind `port(value, operation)` for one boot of a board."""

    def __init__(self, boot: "Boot") -> None:
        self._boot = boot
        self._pushed: list[int] = []
        self._polls = Polls(boot.clock, boot.descriptors)
        self._waits = 0
        self._unfinished: dict[int, int] = {}  # deadlines of waits that were interrupted
        self._next_socket: SocketFile | NetworkSocket | None = None
        self._peer = ("0.0.0.0", 0)
        self._table: list[Callable[[int], int | None]] = [
            getattr(self, name or "_nothing") for name in METHODS
        ]

    def seek(self, offset: int, whence: int) -> int:
        """Do operation `whence` with the value `offset`."""
        try:
            if _PUSH < whence <= _LAST_LOCKED:
                clock = self._boot.clock
                clock.read()  # may wait, so before the lock is taken
                with clock.lock:
                    return self._table[whence](offset) or 0
            return self._table[whence](offset) or 0
        except GuestError as error:
            if error.number == errnos.WASI_EAGAIN:
                raise GuestError(errnos.EAGAIN) from None
            raise
        finally:
            if self._pushed and whence != _PUSH:
                self._pushed.clear()

    def _nothing(self, _: int) -> int:
        raise GuestError(errnos.EINVAL)

    # -- pins, timers: under the clock's lock -------------------------------------------------

    @operation
    def push(self, value: int) -> None:
        """Give one more argument to the next operation."""
        self._pushed.append(value)

    @operation
    def pin_check(self, pin: int) -> None:
        """Fail unless the chip has this pin."""
        self._boot.pins[pin]

    @operation
    def pin_init(self, pin: int) -> None:
        """Configure a pin. Pushed: mode, pull."""
        mode, pull = self._pushed
        self._boot.pins.configure(pin, mode, pull)

    @operation
    def pin_get(self, pin: int) -> int:
        """Return a pin's level."""
        return self._boot.pins[pin].value

    @operation
    def pin_set(self, pin_level: int) -> None:
        """Drive a pin: number * 2 + level."""
        self._boot.pins[pin_level >> 1].set_latch(pin_level & 1)

    @operation
    def pin_irq(self, pin: int) -> None:
        """Set a pin's handler. Pushed: trigger, function, argument (pointers)."""
        self._boot.pins[pin].handle(*self._pushed)

    @operation
    def timer_start(self, period_ms: int) -> int:
        """Start a timer. Pushed: periodic, function, argument, microseconds more."""
        periodic, function, argument, us = self._pushed
        period_us = max(1, period_ms * 1000 + us)
        return self._boot.timers.start(period_us, bool(periodic), function, argument)

    @operation
    def timer_stop(self, number: int) -> None:
        """Stop a timer."""
        self._boot.timers.stop(number)

    @operation
    def wdt_start(self, timeout_ms: int) -> None:
        """Start the watchdog."""
        self._boot.watchdog.start(timeout_ms)

    @operation
    def wdt_feed(self, _: int) -> None:
        """Feed the watchdog."""
        self._boot.watchdog.feed()

    @operation
    def adc_read_uv(self, pin: int) -> int:
        """Return the voltage on a pin in microvolts."""
        return self._boot.analog[pin].microvolts

    @operation
    def pwm_set(self, pin: int) -> None:
        """Start or change PWM. Pushed: frequency in Hz, duty 0..65535; frequency 0 ends it."""
        frequency_hz, duty = self._pushed
        self._boot.pwm.set(pin, frequency_hz, duty)

    @operation
    def dht_frame(self, pin: int) -> None:
        """Have a DHT sensor send its five bytes. Pushed: where they go."""
        frame = self._boot.wiring.dht(pin).frame()
        if frame is None:
            raise GuestError(errnos.ETIMEDOUT)
        self._boot.memory.write(self._pushed[0], frame)

    @operation
    def onewire_reset(self, pin: int) -> int:
        """Send a reset pulse; 1 if a device is there."""
        return int(self._boot.wiring.one_wire(pin).reset())

    @operation
    def onewire_write(self, pin: int) -> None:
        """Write to the 1-Wire bus. Pushed: value, number of bits."""
        self._boot.wiring.one_wire(pin).write(*self._pushed)

    @operation
    def onewire_read(self, pin: int) -> int:
        """Return what the 1-Wire bus says. Pushed: number of bits."""
        return self._boot.wiring.one_wire(pin).read(self._pushed[0])

    @operation
    def pixels_send(self, pin: int) -> None:
        """Send bytes to NeoPixels, if the pin is an output. Pushed: their address and length."""
        if self._boot.pins[pin].mode == "out":
            self._boot.wiring.neopixel(pin).send(self._boot.memory.read(*self._pushed))

    @operation
    def i2c_write(self, device: int) -> int:
        """Write to an I2C device; return the bytes it took. Pushed: sda, scl, data, length."""
        sda, scl, address, length = self._pushed
        data = self._boot.memory.read(address, length)
        return self._boot.wiring.i2c(sda, scl).write(device, data)

    @operation
    def i2c_read(self, device: int) -> None:
        """Read from an I2C device. Pushed: sda, scl, buffer, length."""
        sda, scl, address, length = self._pushed
        self._boot.memory.write(address, self._boot.wiring.i2c(sda, scl).read(device, length))

    @operation
    def wifi_connect(self, address: int) -> None:
        """Join a network. Pushed: length of the name at `address`, the key's address, length."""
        length, *key = self._pushed
        text = self._boot.memory.text
        self._boot.wifi.connect(text(address, length), text(*key) if key[0] else "")

    @operation
    def wifi_disconnect(self, _: int) -> None:
        """Leave the network."""
        self._boot.wifi.disconnect()

    @operation
    def wifi_status(self, _: int) -> int:
        """Return the station's status as network.STAT_*."""
        return self._boot.wifi.status

    # -- waiting and time ----------------------------------------------------------------------

    @operation
    def wait(self, ms: int) -> int:
        """Wait until `ms` have passed: 0. After an interrupt: a number to go on waiting with."""
        deadline_us = self._boot.clock.now_us + ms * 1000
        self._boot.sample_heap()
        if self._wait_until(deadline_us):
            return 0
        self._waits += 1
        self._unfinished[self._waits] = deadline_us
        return self._waits

    @operation
    def wait_on(self, number: int) -> int:
        """Go on with a wait that was interrupted; answers like `wait`."""
        if not self._wait_until(self._unfinished[number]):
            return number
        del self._unfinished[number]
        return 0

    def _wait_until(self, deadline_us: int) -> bool:
        self._boot.clock.wait(deadline_us)
        return self._boot.clock.now_us >= deadline_us

    @operation
    def time(self, _: int) -> int:
        """Return the seconds since 2000-01-01 by the board's real-time clock."""
        self._boot.clock.read()
        return self._boot.rtc.unix_us() // 1_000_000 - _EPOCH_2000_S

    @operation
    def time_us(self, _: int) -> int:
        """Return the microseconds of the current second."""
        return self._boot.rtc.unix_us() % 1_000_000

    @operation
    def rtc_set(self, seconds: int) -> None:
        """Set the real-time clock: seconds since 2000."""
        self._boot.rtc.set_unix_s(seconds + _EPOCH_2000_S)

    @operation
    def rtc_sync(self, _: int) -> None:
        """Set the real-time clock to the world's date."""
        self._boot.rtc.sync()

    @operation
    def rtc_memory(self, address: int) -> int:
        """Keep bytes, pushed: how many; else copy those kept, unless to 0. Return how many."""
        return self._boot.rtc.exchange(self._boot.memory, address, *self._pushed)

    # -- poll ------------------------------------------------------------------------------------

    @operation
    def poll_new(self, _: int) -> int:
        """Make a poll set."""
        return self._polls.new()

    @operation
    def poll_use(self, poll: int) -> None:
        """Let the other calls mean this set."""
        self._polls.use(poll)

    @operation
    def poll_put(self, what: int) -> None:
        """Watch a file number: number << 8 | bits."""
        self._polls.put(what >> 8, what & 0xFF)

    @operation
    def poll_drop(self, number: int) -> None:
        """Watch a file number no more."""
        self._polls.drop(number)

    @operation
    def poll_wait(self, timeout_ms: int) -> int:
        """Wait; 0: nothing came, 1 << 28: interrupted, else the first that is ready."""
        if timeout_ms:
            self._boot.sample_heap()
        return self._polls.wait(timeout_ms)

    @operation
    def input_flag(self, _: int) -> int:
        """Return the address of a byte that is 1 while the console has input."""
        return CELL + 8 * INPUT

    @operation
    def poll_next(self, _: int) -> int:
        """Return the next that is ready: number << 8 | bits | 1 << 24 if more follow; or 0."""
        return self._polls.next()

    # -- sockets ---------------------------------------------------------------------------------

    @operation
    def socket_new(self, kind: int) -> None:
        """Make a socket; opening the socket device then gives its file number."""
        boot = self._boot
        if boot.station:
            cut, taps = boot.wifi.is_cut, boot.socket_taps
            self._next_socket = NetworkSocket(boot.station, kind, cut, taps)
            return
        self._next_socket = SocketFile.open(
            kind, boot.clock.traffic, boot.descriptors.touch, boot.wifi.is_cut, boot.socket_taps
        )

    @operation
    def socket_connect(self, number: int) -> None:
        """Connect. Pushed: address of the host's text, its length, port."""
        host, port = self._address()
        self._socket(number).connect(host, port)

    @operation
    def socket_bind(self, number: int) -> None:
        """Bind. Pushed as for connect."""
        host, port = self._address()
        self._socket(number).bind(host, port)

    @operation
    def socket_listen(self, number: int) -> None:
        """Listen. Pushed: backlog."""
        self._socket(number).listen(self._pushed[0])

    @operation
    def socket_accept(self, number: int) -> None:
        """Accept a connection; opening the socket device then gives its file number."""
        self._next_socket = self._socket(number).accept()
        self._peer = self._next_socket.peer()

    @operation
    def socket_error(self, number: int) -> int:
        """Return the number of a pending error, 0 if there is none."""
        return self._socket(number).error()

    @operation
    def socket_option(self, number: int) -> None:
        """Set an option. Pushed: level, option, value."""
        level, option, value = self._pushed
        self._socket(number).set_option(level, option, value)

    @operation
    def socket_send_to(self, number: int) -> int:
        """Send a datagram. Pushed: as for connect, then address and length of the data."""
        data = self._boot.memory.read(self._pushed[3], self._pushed[4])
        host, port = self._address()
        return self._socket(number).send_to(data, host, port)

    @operation
    def socket_receive_from(self, number: int) -> int:
        """Receive; the host call `peer` then says from whom. Pushed: address, size of a buffer."""
        address, size = self._pushed
        data, host, port = self._socket(number).receive_from(size)
        self._boot.memory.write(address, data)
        self._peer = (host, port)
        return len(data)

    def take_socket(self) -> Descriptor:
        """Return the socket that was made last, for the device to open."""
        made, self._next_socket = self._next_socket, None
        if made is None:
            raise GuestError(errnos.ENODEV)
        return made

    def abandon(self) -> None:
        """Close a socket that was made, but never opened: the board has ended in between."""
        if self._next_socket:
            self._next_socket.close()
            self._next_socket = None

    def _socket(self, number: int) -> SocketFile | NetworkSocket:
        found = self._boot.descriptors[number]
        found = found.plain if isinstance(found, TlsFile) else found
        if not isinstance(found, SocketFile | NetworkSocket):
            raise GuestError(errnos.EBADF)
        return found

    def _address(self) -> tuple[str, int]:
        address, size, port = self._pushed[:3]
        return self._boot.memory.text(address, size), port

    # -- text: host.call(name, text) -> text -----------------------------------------------------

    def call(self, name: str, text: str) -> str:
        """Answer a call that returns text. Raises KeyError for an unknown one."""
        return _TEXT_CALLS[name](self, text)

    def _resolve(self, name: str) -> str:
        hosts, station = self._boot.wifi.hosts, self._boot.station
        if not self._boot.wifi.network.answers_names:
            clock = self._boot.clock
            deadline_us = clock.now_us + _NAME_TIMEOUT_US
            while clock.now_us < deadline_us:
                clock.wait(deadline_us)
            return ""
        resolve = station.network.resolve if station else sockets.resolve
        return (hosts[name] if name in hosts else resolve(name)) or ""

    def _peer_text(self, _: str) -> str:
        return f"{self._peer[0]} {self._peer[1]}"

    def _about(self, what: str) -> str:
        network = self._boot.wifi.network
        if what == "network":
            return f"{network.rssi} {network.ssid or 'emulated'}" if network.is_up else ""
        return self._boot.about[what]


_PUSH = OPERATIONS["OP_PUSH"]
_LAST_LOCKED = OPERATIONS["OP_WIFI_STATUS"]

_TEXT_CALLS: dict[str, Callable[[Port, str], str]] = {
    "resolve": Port._resolve,  # pyright: ignore[reportPrivateUsage]
    "peer": Port._peer_text,  # pyright: ignore[reportPrivateUsage]
    "tls_error": Port.tls_error,
    "tls_known_cipher": Port.tls_known_cipher,
    "tls_allow": Port.tls_allow,
    "tls_cipher": Port.tls_cipher,
    "about": Port._about,  # pyright: ignore[reportPrivateUsage]
}
