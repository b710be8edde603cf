# ucryptolib: C or frozen on the chip, and not here.
raise ImportError("ucryptolib is not emulated")
