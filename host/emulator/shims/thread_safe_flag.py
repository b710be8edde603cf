# ruff: noqa: F821  (the build puts in what is not defined here)
# ThreadSafeFlag, appended to asyncio's event.py: the package that asyncio is built from lacks it.
import io


class ThreadSafeFlag(io.IOBase):
    """A flag that interrupt handlers may set and one task may wait for."""

    set_by_interrupt = True  # so the emulated poll() need not ask it every millisecond

    def __init__(self):
        self.state = 0

    def ioctl(self, request, flags):
        """Tell poll() whether the flag is set."""
        if request == 3:  # MP_STREAM_POLL
            return self.state * flags
        return -1

    def set(self):
        """Set the flag; callable from an interrupt handler."""
        self.state = 1

    def clear(self):
        """Clear the flag."""
        self.state = 0

    async def wait(self):
        """Wait until the flag is set, then clear it."""
        if not self.state:
            await core._io_queue.queue_read(self)
        self.state = 0
