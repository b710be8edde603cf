"""What esptool and boards were seen to say, and what a person reads instead."""

import pytest

from host.flash_messages import explain

# Printed by esptool 5.6, by ESP-IDF's boot loader or by MicroPython.
SAID = {
    "the port is busy": (
        "A fatal error occurred: Could not open /dev/ttyUSB0, the port is busy or doesn't exist.\n"
        "([Errno 16] could not open port /dev/ttyUSB0: [Errno 16] Device or resource busy: "
        "'/dev/ttyUSB0')",
        ("/dev/ttyUSB0 is in use", "Thonny", "close it"),
    ),
    "the port is gone": (
        "A fatal error occurred: Could not open /dev/ttyUSB9, the port is busy or doesn't exist.\n"
        "([Errno 2] could not open port /dev/ttyUSB9: [Errno 2] No such file or directory)",
        ("/dev/ttyUSB0 cannot be opened", "it is gone", "plug the board in"),
    ),
    "a board that fell silent": (
        "A fatal error occurred: No more data to read from the serial port. This can have many "
        "causes, for troubleshooting steps visit",
        ("went away", "unplugged", "plug it in"),
    ),
    "the port is another user's": (
        "A fatal error occurred: Could not open /dev/ttyUSB0, the port is busy or doesn't exist.\n"
        "([Errno 13] could not open port /dev/ttyUSB0: [Errno 13] Permission denied)",
        ("no permission for /dev/ttyUSB0", "another user's", "dialout"),
    ),
    "a serial monitor holds the port": (
        "Could not exclusively lock port /dev/ttyUSB0: [Errno 11] Resource temporarily unavailable",
        ("/dev/ttyUSB0 is in use", "serial monitor", "close it"),
    ),
    "nothing answers": (
        "A fatal error occurred: Failed to connect to Espressif device: No serial data received.",
        ("no board answers on /dev/ttyUSB0", "nothing came back", "hold BOOT, tap RESET"),
    ),
    "the program runs instead": (
        "A fatal error occurred: Failed to connect to ESP32: Wrong boot mode detected (0x13)! The "
        "chip needs to be in download mode.",
        ("not in download mode", "(0x13)", "hold BOOT"),
    ),
    "another chip": (
        "A fatal error occurred: This chip is ESP32-S3, not ESP32. Wrong chip argument?",
        ("another one than esp32-devkit", "ESP32-S3", "--board"),
    ),
    "an image for another chip": (
        "A fatal error occurred: 'x.bin' is not an ESP32-C3 image. Use the force argument",
        ("the image is for another chip", "x.bin", "--board"),
    ),
    "a chip that is too old": (
        "A fatal error occurred: 'x.bin' requires chip revision in range [v3.0 - v3.99] (this chip "
        "is revision v1.0).",
        ("a newer revision", "v1.0", "older MicroPython"),
    ),
    "a flash that is too small": (
        "A fatal error occurred: File 'x.bin' (length 3000000) at offset 2097152 will not fit in "
        "4194304 bytes of flash.",
        ("does not fit the board's flash", "4194304", "--board"),
    ),
    "a connection that was cut": (
        "A serial exception error occurred: device reports readiness to read but returned no data "
        "(device disconnected or multiple access on port?)",
        ("went away", "unplugged", "plug it in"),
    ),
    "noise": (
        "A fatal error occurred: Serial data stream stopped: Possible serial noise or corruption.",
        ("was disturbed", "garbled", "--baud 115200"),
    ),
    "bytes that changed": (
        "A fatal error occurred: MD5 of file does not match data in flash!",
        ("is not what was sent", "on the way", "--baud 115200"),
    ),
    "silence": ("silent for 45 s", ("no board answers", "nothing came back", "BOOT")),
    "no esptool": (
        "/usr/bin/python: No module named esptool",
        ("esptool is not installed", "program of its own", "limpet[flash]"),
    ),
    "a boot loader that finds nothing": (
        "invalid header: 0xffffffff\ninvalid header: 0xffffffff",
        ("finds no program", "0xffffffff", "--erase"),
    ),
    "files that cannot be mounted": (
        "The filesystem appears to be corrupted. If you had important data there, you",
        ("cannot mount the files", "LittleFS version", "--erase"),
    ),
    "a weak supply": (
        "Brownout detector was triggered",
        ("supply breaks down", "radio", "shorter cable"),
    ),
    "something new": (
        "esptool v5.6\nA fatal error occurred: The moon is full.\n",
        ("writing to /dev/ttyUSB0 failed", "The moon is full", "again"),
    ),
    "nothing at all": ("", ("failed", "without a word", "again")),
}


@pytest.mark.parametrize("output, words", SAID.values(), ids=SAID)
def test_what_was_said_becomes_what_why_and_how(output: str, words: tuple[str, str, str]) -> None:
    error = explain(output, "/dev/ttyUSB0", "esp32-devkit")
    for text, word in zip((error.what, error.why, error.fix), words, strict=True):
        assert word in text and "{" not in text
