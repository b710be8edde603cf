"""The Wi-Fi station: a network that is there, and a state machine that joins it."""

from collections.abc import Callable

from host.emulator.access_point import AccessPoint
from host.emulator.clock import Alarm, Clock

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010  # network.STAT_* on the ESP32
NO_AP_FOUND, WRONG_PASSWORD = 201, 202
JOIN_MS = 400  # how long joining takes, in virtual time


class Wifi:
    """One board's station interface. `up` and `down` bring it into the network's reach and out.

    network: the access point; its own switch is `world.wifi.down()`, for all boards.
    hosts: {name: address} that the network's name server knows, besides what the desktop does;
    None for an address: it does not know that name. changed: called when it comes or goes.
    """

    def __init__(self, clock: Clock, address: str, network: AccessPoint) -> None:
        self.address = address
        self.network = network
        self.status = IDLE
        self.ssid = ""
        self._password = ""
        self.hosts: dict[str, str | None] = {}
        self.changed: Callable[[], None] = lambda: None
        self._clock = clock
        self._is_up = True
        self._wanted = False
        self._joining: Alarm | None = None
        network.listen(self._look)

    @property
    def is_connected(self) -> bool:
        """Whether the board has an address."""
        return self.status == GOT_IP

    def is_cut(self) -> bool:
        """Whether the board wants a network and has none: its connections carry nothing."""
        return self._wanted and self.status != GOT_IP

    def connect(self, ssid: str, password: str = "") -> None:
        """Begin to join a network."""
        self.ssid, self._password = ssid, password
        self._wanted = True
        self._join()

    def disconnect(self) -> None:
        """Leave the network."""
        self._wanted = False
        self._leave(IDLE)

    def down(self) -> None:
        """Take the board out of reach. Open connections carry nothing until it is back."""
        self._is_up = False
        self._look()

    def up(self) -> None:
        """Bring it back; a board that wants the network joins again by itself."""
        self._is_up = True
        self._look()

    def _look(self) -> None:
        with self._clock.lock:
            if not self._wanted:
                return
            if not self._is_found:
                self._leave(NO_AP_FOUND)
            elif not self.is_connected:
                self._join()

    @property
    def _is_found(self) -> bool:
        return self._is_up and self.network.is_called(self.ssid)

    def reset(self) -> None:
        """Forget the network, as a reset does."""
        self.disconnect()

    def _join(self) -> None:
        self._leave(CONNECTING)
        at_us = self._clock.now_us + JOIN_MS * 1000
        self._joining = self._clock.alarm(at_us, self._joined)

    def _joined(self) -> None:
        if not self._is_found:
            self.status = NO_AP_FOUND
        else:
            self.status = GOT_IP if self.network.admits(self._password) else WRONG_PASSWORD
        self.changed()

    def _leave(self, status: int) -> None:
        if self._joining:
            self._joining.cancel()
            self._joining = None
        self.status = status
        self.changed()
