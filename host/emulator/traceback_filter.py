"""Where the boot shim prints an uncaught exception: without the frames of the shim itself."""

from host.emulator.descriptors import Descriptor
from host.emulator.serial import Serial

_OURS = (b'  File "_boot.py"', b'  File "<stdin>"')


class TraceOutput(Descriptor):
    """A stream onto the serial line that leaves out the lines of the emulator's own frames."""

    def __init__(self, serial: Serial) -> None:
        self._serial = serial
        self._line = b""

    def write(self, data: bytes) -> int:
        """Take text; print the lines that are complete."""
        *lines, self._line = (self._line + data).split(b"\n")
        for line in lines:
            if not line.startswith(_OURS):
                self._serial.put_trace(line + b"\n")
        return len(data)

    def close(self) -> None:
        """Print what is left."""
        if self._line:
            self._serial.put_trace(self._line)
