"""What a chip has, whichever board it sits on: GPIO numbers, ADC, where its boot loader starts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """One chip. Offsets are bytes from flash 0; pins are GPIO numbers.

    title: as esptool prints it. image_id: the chip id in the header of an image for it.
    base_offset: where MicroPython's image goes.
    """

    title: str
    image_id: int
    base_offset: int
    gpio: frozenset[int]
    adc: frozenset[int]
    input_only: frozenset[int] = frozenset()


# Source: the GPIO summary of each chip in Espressif's ESP-IDF programming guide.
CHIPS = {
    "esp32": Chip(
        "ESP32",
        0,
        0x1000,
        frozenset([*range(24), 25, 26, 27, *range(32, 40)]),
        frozenset([0, 2, 4, 12, 13, 14, 15, 25, 26, 27, *range(32, 40)]),
        frozenset(range(34, 40)),
    ),
    "esp32c3": Chip("ESP32-C3", 5, 0, frozenset(range(22)), frozenset(range(6))),
    "esp32s3": Chip(
        "ESP32-S3", 9, 0, frozenset([*range(22), *range(26, 49)]), frozenset(range(1, 21))
    ),
    "esp32c6": Chip("ESP32-C6", 13, 0, frozenset(range(31)), frozenset(range(7))),
}
