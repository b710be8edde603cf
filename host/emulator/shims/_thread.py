# _thread: C on the chip, and not here.
raise ImportError("_thread is not emulated")
