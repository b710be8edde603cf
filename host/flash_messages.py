"""What esptool or the board says, and what a person is told: the first row that fits counts."""

import re

from host.errors import UserError

# pattern -> what, cause, hint; {0} stands for the line, {1} for the pattern's first group.
_ROWS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"invalid header: (0x[0-9a-f]+)",
        "the board finds no program to start",
        "its boot loader sees {1} where an image begins: wrong offset, or one for another chip",
        "limpet flash --erase --board {board}",
    ),
    (
        r"[Ff]ilesystem appears to be corrupted",
        "MicroPython cannot mount the files",
        "they were built for another flash size or LittleFS version",
        "limpet flash --erase --board {board}, which asks the chip for its size",
    ),
    (
        r"[Bb]rownout",
        "the board's supply breaks down",
        "its voltage falls when the radio starts",
        "use a shorter cable, or a hub with its own supply",
    ),
    (
        r"flash read err, \d+",
        "the chip cannot read its flash",
        "it is empty, or what is wired to the board disturbs it: on an ESP32 pin 12 held high",
        "take off what is on the pins, then limpet flash --erase --board {board}",
    ),
    (
        r"Failed to communicate with the flash chip|Unable to verify flash chip connection|"
        r"Detected flash size: *Unknown",
        "the chip does not reach its flash",
        "what is wired to the board disturbs it, or the flash is broken or of another voltage",
        "take off what is on the pins and run the same command again; else try another board",
    ),
    (
        r"in Secure Download Mode|flash encryption (?:and|enabled)|result was 01060000",
        "this chip is locked to its maker's firmware",
        "flash encryption or secure boot is burnt into it: {0}",
        "take another board; forcing it would leave one that never starts again",
    ),
    (
        r"Failed to write to target RAM",
        "the chip stopped answering while esptool loaded its helper",
        "most often the supply or the cable, sometimes the driver: {0}",
        "another cable or USB socket, nothing on the pins; then --baud 115200",
    ),
    (
        r"Invalid \(unsupported\) command|unsupported command error",
        "the boot loader did not understand esptool",
        "the chip was reset in between, or left half way by the run before: {0}",
        "unplug the board, plug it in again, then the same command",
    ),
    (
        r"Cannot configure port|OSError\(22, .*, 433\)|PermissionError\(13, .*, 31\)",
        "the driver of {port} does not work",
        "Windows says so of the USB chip on the board: {0}",
        "install the driver of that chip, CP210x or CH340, and plug the board in again",
    ),
    (
        r"Protocol error|Errno 71",
        "{port} does not do what the board needs",
        "the USB connection hangs, or the board has its own USB and is not in download mode",
        "hold BOOT while you plug it in, then the same command",
    ),
    (
        r"[Ww]rite timeout",
        "{port} takes nothing",
        "what is plugged in there does not listen, or its driver hangs",
        "see with limpet doctor whether this is the board; unplug it and plug it in again",
    ),
    (
        r"Wrong boot mode detected \((0x[0-9a-f]+)\)",
        "the board is not in download mode",
        "it started its program instead ({1})",
        "hold BOOT while you run limpet flash, until it writes",
    ),
    (
        r"[Pp]ermission denied|\[Errno 13\]",
        "no permission for {port}",
        "the port is another user's or group's",
        "Linux: sudo usermod -aG dialout $USER, then log out and in again",
    ),
    (
        r"Errno 16|resource busy|Could not exclusively lock|Access is denied",
        "{port} is in use",
        "another program holds it: a serial monitor, Arduino, Thonny, mpremote",
        "close it and run the same command again",
    ),
    (
        r"port is busy or doesn't exist|No such file or directory: '?/dev|could not open port|"
        r"Connection refused",
        "{port} cannot be opened",
        "it is gone, or another program holds it (Arduino, Thonny, mpremote)",
        "plug the board in, close what uses it, then the same command",
    ),
    (
        r"This chip is (ESP\S+?)[,.]? not (?:an? )?(ESP\S+?)[.,]|chip is (\S+) instead",
        "the board is another one than {board}",
        "its chip says: {0}",
        "limpet flash --board, with a board of that chip: see limpet boards",
    ),
    (
        r"is not an? (ESP\S+) image|Unexpected chip ID in image",
        "the image is for another chip",
        "esptool says: {0}",
        "limpet flash --board, with the board that this image is for",
    ),
    (
        r"requires chip revision|chip revision .* or higher",
        "this image needs a newer revision of the chip",
        "esptool says: {0}",
        "take an older MicroPython; forcing it leaves a board that does not start",
    ),
    (
        r"will not fit in (\S+) (?:bytes of )?flash|exceeds? (?:the )?flash size",
        "the image does not fit the board's flash",
        "esptool says: {0}",
        "limpet flash --board, with a board of that flash size",
    ),
    (
        r"MD5 of file does not match|[Vv]erif(?:y|ication) failed|digest mismatch",
        "what was written is not what was sent",
        "bytes changed on the way: cable, hub or supply",
        "run the same command again, with --baud 115200 or another cable",
    ),
    (
        r"Serial data stream stopped|noise or corruption|Packet content transfer stopped|"
        r"Invalid head of packet|Corrupt data|Checksum error|checksum error",
        "the connection to {port} was disturbed",
        "what came back was cut off or garbled: cable, hub or supply",
        "run the same command again, with --baud 115200 or another cable",
    ),
    (
        r"device reports readiness to read|device disconnected|ClearCommError|"
        r"[Ss]erial port .* disconnected|socket disconnected|Connection reset|Broken pipe|"
        r"Input/output error|Device not configured|No more data to read from the serial port",
        "{port} went away while it was in use",
        "the board was unplugged, or its supply broke down",
        "plug it in again, with another cable if this happens twice; then the same command",
    ),
    (
        r"No serial data received|Failed to connect|Timed out waiting for packet|"
        r"[Nn]o (?:SYNC )?reply|silent for",
        "no board answers on {port}",
        "the port opened, but nothing came back from a boot loader",
        "hold BOOT, tap RESET, let go of BOOT; another cable, some only charge",
    ),
    (
        r"could not enter raw repl",
        "the board on {port} does not give its prompt",
        "its program does not end at Ctrl-C, or it is no MicroPython",
        "tap RESET and run the same command at once",
    ),
    (
        r"Errno 28|ENOSPC",
        "the board's flash is full",
        "its own files and two agents do not fit",
        "delete what you put there, or limpet flash --agent-only",
    ),
    (
        r"No module named '?mpremote",
        "mpremote is not installed",
        "it talks to boards",
        "pip install 'limpet[flash]'",
    ),
    (
        r"No module named '?esptool",
        "esptool is not installed",
        "it writes the flash, and is a program of its own",
        "pip install 'limpet[flash]'",
    ),
)


def is_known(row: str) -> bool:
    """Whether one of the rows is about such a line."""
    return any(re.search(pattern, row) for pattern, *_ in _ROWS)


def explain(output: str, port: str, board: str) -> UserError:
    """Return what to tell a person about such output; its last line if no row fits."""
    for pattern, what, cause, hint in _ROWS:
        found = re.search(pattern, output)
        if found:
            start = output.rfind("\n", 0, found.start()) + 1
            line = output[start:].splitlines()[0].strip()
            values = [line, *(group or "" for group in found.groups())]
            words = (text.format(*values, port=port, board=board) for text in (what, cause, hint))
            return UserError(*words)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return UserError(
        f"writing to {port} failed",
        lines[-1] if lines else "esptool ended without a word",
        "run the same command again, with --baud 115200 or another cable",
    )
