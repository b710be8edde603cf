# uwebsocket: C or frozen on the chip, and not here.
raise ImportError("uwebsocket is not emulated")
