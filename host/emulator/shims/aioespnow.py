# aioespnow: C or frozen on the chip, and not here.
raise ImportError("aioespnow is not emulated")
