# cryptolib: C on the chip, and not here.
raise ImportError("cryptolib is not emulated")
