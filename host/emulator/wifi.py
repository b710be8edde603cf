"""The Wi-Fi station: a network that is there, and a state machine that joins it."""

from collections.abc import Callable

from host.emulator.clock import Alarm, Clock

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010  # network.STAT_* on the ESP32
NO_AP_FOUND = 201
JOIN_MS = 400  # how long joining takes, in virtual time


class Wifi:
    """One board's station interface. `up` and `down` are the access point's power switch.

    hosts: {name: address} that the network's name server knows, besides what the desktop does;
    None for an address: it does not know that name. changed: called when it comes or goes.
    """

    def __init__(self, clock: Clock, address: str) -> None:
        self.address = address
        self.status = IDLE
        self.ssid = ""
        self.hosts: dict[str, str | None] = {}
        self.changed: Callable[[], None] = lambda: None
        self._clock = clock
        self._is_up = True
        self._wanted = False
        self._joining: Alarm | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the board has an address."""
        return self.status == GOT_IP

    def is_cut(self) -> bool:
        """Whether the board wants a network and has none: its connections carry nothing."""
        return self._wanted and self.status != GOT_IP

    def connect(self, ssid: str) -> None:
        """Begin to join a network."""
        self.ssid = ssid
        self._wanted = True
        self._join()

    def disconnect(self) -> None:
        """Leave the network."""
        self._wanted = False
        self._leave(IDLE)

    def down(self) -> None:
        """Switch the access point off. Open connections carry nothing until it is on again."""
        with self._clock.lock:
            self._is_up = False
            if self._wanted:
                self._leave(NO_AP_FOUND)

    def up(self) -> None:
        """Switch the access point on; a board that wants it joins again by itself."""
        with self._clock.lock:
            self._is_up = True
            if self._wanted and not self.is_connected:
                self._join()

    def reset(self) -> None:
        """Forget the network, as a reset does."""
        self.disconnect()

    def _join(self) -> None:
        self._leave(CONNECTING)
        at_us = self._clock.now_us + JOIN_MS * 1000
        self._joining = self._clock.alarm(at_us, self._joined)

    def _joined(self) -> None:
        self.status = GOT_IP if self._is_up else NO_AP_FOUND
        self.changed()

    def _leave(self, status: int) -> None:
        if self._joining:
            self._joining.cancel()
            self._joining = None
        self.status = status
        self.changed()
