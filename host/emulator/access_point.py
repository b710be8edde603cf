"""The Wi-Fi network of a world: its name, its password, and whether it is on the air."""

from collections.abc import Callable


class AccessPoint:
    """One network that all boards of a world are in reach of.

    ssid, password: what a board has to say to join; None: whatever it says. rssi: how strong
    boards hear it, in dBm. answers_names: whether the name server that it offers answers at all.
    """

    def __init__(self) -> None:
        self.ssid: str | None = None
        self.password: str | None = None
        self.rssi = -50
        self.is_up = True
        self.answers_names = True
        self._stations: list[Callable[[], None]] = []

    def down(self) -> None:
        """Switch it off: boards lose it. Open connections carry nothing until it is on again."""
        self.is_up = False
        self._tell()

    def up(self) -> None:
        """Switch it on; boards that want it join again by themselves."""
        self.is_up = True
        self._tell()

    def admits(self, password: str) -> bool:
        """Whether a board that has found the network may join it."""
        return self.password is None or self.password == password

    def is_called(self, ssid: str) -> bool:
        """Whether a board that looks for this name finds the network."""
        return self.is_up and (self.ssid is None or self.ssid == ssid)

    def listen(self, station: Callable[[], None]) -> None:
        """Have `station` called when the network comes or goes."""
        self._stations.append(station)

    def _tell(self) -> None:
        for station in self._stations:
            station()
