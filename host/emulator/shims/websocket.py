# websocket: C on the chip, and not here.
raise ImportError("websocket is not emulated")
