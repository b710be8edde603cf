# espnow: C on the chip, and not here.
raise ImportError("espnow is not emulated")
