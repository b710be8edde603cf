# bluetooth: C on the chip, and not here.
raise ImportError("bluetooth is not emulated")
