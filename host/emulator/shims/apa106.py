# apa106: the chip's frozen driver; the strip takes red first.
from neopixel import NeoPixel


class APA106(NeoPixel):
    ORDER = (0, 1, 2, 3)
