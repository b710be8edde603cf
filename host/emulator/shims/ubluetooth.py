# ubluetooth: C or frozen on the chip, and not here.
raise ImportError("ubluetooth is not emulated")
