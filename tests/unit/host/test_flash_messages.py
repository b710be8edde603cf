"""What esptool and boards were seen to say, and what a person reads instead."""

import pytest

from host.flash_messages import explain

# Printed by esptool 5.6, by ESP-IDF's boot loader or by MicroPython; with a number, as people
# reported it to espressif/esptool, espressif/esp-idf (idf) or micropython/micropython (mp).
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
    "a flash that cannot be read, idf 4589": (
        "rst:0x10 (RTCWDT_RTC_RESET),boot:0x17 (SPI_FAST_FLASH_BOOT)\nflash read err, 1000\n"
        "ets_main.c 371 \nets Jun  8 2016 00:22:57",
        ("cannot read its flash", "pin 12", "--erase"),
    ),
    "a flash that does not answer, 705": (
        "Stub running...\nWARNING: Failed to communicate with the flash chip, read/write operations "
        "will fail. Try checking the chip connections or removing any other hardware connected to "
        "IOs.\nWarning: ESP32 has no Chip ID. Reading MAC instead.\nMAC: b8:f0:09:cd:f2:c4",
        ("does not reach its flash", "wired to the board", "take off"),
    ),
    "a flash that has no size, 962": (
        "Manufacturer: ff\nDevice: ffff\nDetected flash size: Unknown",
        ("does not reach its flash", "broken", "another board"),
    ),
    "a flash that nobody hears of, 735": (
        "A fatal error occurred: Unable to verify flash chip connection (No serial data received.).",
        ("does not reach its flash", "wired to the board", "take off"),
    ),
    "a chip that is locked, 895": (
        "Connecting....\nChip is ESP32-C2 in Secure Download Mode\nEnabling default SPI flash mode..."
        "\nConfiguring flash size...\n\nA fatal error occurred: WARNING: Detected flash encryption "
        "and secure download mode enabled.\nFlashing plaintext binary may brick your device! Use "
        "--force to override the warning.",
        ("locked to its maker's firmware", "Secure Download Mode", "another board"),
    ),
    "a chip that takes no image, idf 10535": (
        "Erasing flash...\n\nA fatal error occurred: Failed to enter Flash download mode (result was "
        "01060000: Operation or feature not supported)",
        ("locked to its maker's firmware", "01060000", "another board"),
    ),
    "a helper that does not load, 908": (
        "MAC: 54:43:b2:c5:0d:64\nUploading stub...\n\nA fatal error occurred: Failed to write to "
        "target RAM (result was 01070000: Operation timed out)",
        ("loaded its helper", "supply or the cable", "--baud 115200"),
    ),
    "a run before that failed, 902": (
        "esptool.util.UnsupportedCommandError: Invalid (unsupported) command 0x5",
        ("did not understand esptool", "run before", "unplug the board"),
    ),
    "Windows without a driver, 1051": (
        "Serial port COM12\nCOM12 failed to connect: Could not open COM12, the port is busy or doesn't "
        "exist.\n(could not open port 'COM12': OSError(22, 'no such device', None, 433))",
        ("the driver of", "Windows says", "CH340"),
    ),
    "Windows with a driver that fails, 703": (
        "serial.serialutil.SerialException: Cannot configure port, something went wrong. Original "
        "message: PermissionError(13, 'A device attached to the system is not functioning.', None, 31)",
        ("the driver of", "not functioning", "CP210x"),
    ),
    "Windows with the port open elsewhere, 626": (
        "COM17 failed to connect: could not open port 'COM17': PermissionError(13, 'Access is denied.',"
        " None, 5)",
        ("is in use", "serial monitor", "close it"),
    ),
    "USB of the chip's own that hangs, 924": (
        "/dev/ttyACM0 failed to connect: [Errno 71] Protocol error\n\nA fatal error occurred: Could not "
        "connect to an Espressif device on any of the 1 available serial ports.",
        ("does not do what the board needs", "its own USB", "hold BOOT while you plug it in"),
    ),
    "a port that takes nothing": (
        "Serial port /dev/ttyACM0\nConnecting...\nA fatal esptool.py error occurred: Write timeout",
        ("takes nothing", "does not listen", "limpet doctor"),
    ),
    "a cable that was pulled from a Mac": (
        "OSError: [Errno 6] Device not configured",
        ("went away", "unplugged", "plug it in"),
    ),
    "a prompt that does not come, mp 16142": (
        "b'MicroPython v1.23.0 on 2024-06-02; Generic ESP32 module with ESP32\\r\\n>>> '\n"
        "mpremote.transport.TransportError: could not enter raw repl",
        ("does not give its prompt", "Ctrl-C", "tap RESET"),
    ),
    "a full flash": (
        "OSError: [Errno 28] ENOSPC",
        ("flash is full", "do not fit", "--agent-only"),
    ),
    "no mpremote": (
        "/usr/bin/python: No module named mpremote",
        ("mpremote is not installed", "talks to boards", "limpet[flash]"),
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
