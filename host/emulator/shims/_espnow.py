# _espnow: C or frozen on the chip, and not here.
raise ImportError("_espnow is not emulated")
