"""WS2812 pixels ("NeoPixel"): a chain that takes 24 bits each and passes the rest on.

Source: WorldSemi's WS2812B datasheet. The bits arrive as bytes: their timing is not simulated.
"""

from host.emulator.clock import Clock


class PixelStrip:
    """The chain on one pin, as long as what was ever sent to it.

    order: in which a pixel takes its bytes, "GRB" as a WS2812 does; "GRBW" has four.
    history: (virtual seconds, pixels) of each transmission.
    """

    def __init__(self, clock: Clock) -> None:
        self.order = "GRB"
        self.history: list[tuple[float, list[tuple[int, ...]]]] = []
        self._clock = clock
        self._latched = bytearray()

    @property
    def pixels(self) -> list[tuple[int, ...]]:
        """What each pixel shows, as (red, green, blue) or (red, green, blue, white), 0 to 255."""
        size = len(self.order)
        places = [self.order.index(colour) for colour in "RGBW" if colour in self.order]
        return [
            tuple(self._latched[start + place] for place in places)
            for start in range(0, len(self._latched) - size + 1, size)
        ]

    def send(self, data: bytes) -> None:
        """Shift bytes in; pixels that none reach keep what they show."""
        self._latched[: len(data)] = data
        self.history.append((self._clock.now_us / 1e6, self.pixels))

    def power_on(self) -> None:
        """Be dark, as after a loss of the supply."""
        self._latched = bytearray(len(self._latched))
