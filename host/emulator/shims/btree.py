# btree: C on the chip, and not here.
raise ImportError("btree is not emulated")
