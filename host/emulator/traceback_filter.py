"""Where the boot shim prints an uncaught exception: without the frames of the shim itself."""

import re

from host.emulator.descriptors import Descriptor
from host.emulator.serial import Serial

# Frames of what starts the program, and of what is C on the chip.
_OURS = re.compile(
    rb'  File "(_boot|_port|_onewire|_lfs2|_machine_\w+|_\w+_esp32|<stdin>)(\.py)?"'
)


class TraceOutput(Descriptor):
    """A stream onto the serial line that leaves out frames that a chip would not show."""

    def __init__(self, serial: Serial) -> None:
        self._serial = serial
        self._line = b""

    def write(self, data: bytes) -> int:
        """Take text; print the lines that are complete."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if not _OURS.match(line):
                self._serial.put_trace(line + b"\n")
        return len(data)

    def close(self) -> None:
        """Print what is left."""
        if self._line:
            self._serial.put_trace(self._line)
