"""DHT11 and DHT22 (AM2302): one wire, one frame of 40 bits for each start signal.

Source: the sensors' datasheets (Aosong). What the shim of machine.dht_readinto asks for is the
frame; the pulses it is made of are not simulated.
"""

import struct
from dataclasses import dataclass

# model: (lowest C, highest C, highest % of humidity). The DHT11 sends whole numbers.
_RANGES = {"dht11": (0.0, 60.0, 100.0), "dht22": (-40.0, 80.0, 100.0)}


@dataclass
class DhtSensor:
    """What is wired to one pin; nothing until `set` or `plug` was called.

    model: "dht22" or "dht11".
    """

    model: str = "dht22"
    temperature_c: float = 20.0
    humidity_pct: float = 50.0
    is_plugged: bool = False
    _garbled: int = 0

    def set(self, t: float | None = None, h: float | None = None) -> None:
        """Give it a temperature in C and a humidity in %, and wire it if it is not.

        Raises ValueError for what this model cannot measure.
        """
        t = self.temperature_c if t is None else t
        h = self.humidity_pct if h is None else h
        coldest, hottest, wettest = _RANGES[self.model]
        if not coldest <= t <= hottest or not 0 <= h <= wettest:
            raise ValueError(
                f"a {self.model} measures {coldest} to {hottest} C and 0 to {wettest} %, "
                f"not {t} C, {h} %"
            )
        self.temperature_c, self.humidity_pct = t, h
        self.is_plugged = True

    def plug(self) -> None:
        """Wire it."""
        self.is_plugged = True

    def unplug(self) -> None:
        """Take it away: the program waits for its answer in vain."""
        self.is_plugged = False

    def garble(self, frames: int = 1) -> None:
        """Have the next frames arrive with a bit flipped, so that the checksum is wrong."""
        self._garbled = frames

    def frame(self) -> bytes | None:
        """Return the five bytes it sends now, the last one a checksum; None: nothing is there."""
        if not self.is_plugged:
            return None
        data = bytearray(self._dht11() if self.model == "dht11" else self._dht22())
        data.append(sum(data) & 0xFF)
        if self._garbled:
            self._garbled -= 1
            data[3] ^= 0x10
        return bytes(data)

    def _dht11(self) -> bytes:
        """Whole % and whole C, each with a byte of decimals that is 0."""
        return bytes([round(self.humidity_pct), 0, round(self.temperature_c), 0])

    def _dht22(self) -> bytes:
        """Tenths, big-endian; the top bit of the temperature is its sign."""
        tenths = round(abs(self.temperature_c) * 10)
        sign = 0x8000 if self.temperature_c < 0 else 0
        return struct.pack(">HH", round(self.humidity_pct * 10), tenths | sign)
