"""The window: what is ahead in the file that the guest reads lies in its memory; see cell.py."""

from host.emulator.cell import FILE, WINDOW, WINDOW_BYTES
from host.emulator.descriptors import Descriptor, FlashText
from host.emulator.memory import GuestMemory

_NO_FILE = 0xFFFFFFFF


class Window:
    """The one file whose bytes the guest may take by itself: the one it read last."""

    def __init__(self, memory: GuestMemory) -> None:
        self._memory = memory
        self._words = memory.window(FILE, 12).cast("I")  # file number, from where, to where
        self._words[0] = _NO_FILE
        self._file: FlashText | None = None

    def show(self, number: int, descriptor: Descriptor) -> None:
        """Let the guest take what is ahead in this file, if something is."""
        if isinstance(descriptor, FlashText):
            ahead = descriptor.ahead(WINDOW_BYTES)
            self._file = descriptor
            self._memory.write(WINDOW, ahead)
            self._words[0], self._words[1], self._words[2] = number, WINDOW, WINDOW + len(ahead)

    def close(self) -> None:
        """Have the file stand where the guest has come to; it asks the host for the rest."""
        if self._file:
            self._file.skip(self._words[1] - WINDOW)
            self._file = None
            self._words[0] = _NO_FILE
