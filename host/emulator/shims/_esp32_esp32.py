# esp32: what a program most often asks of it. The rest is not emulated.
HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def raw_temperature():
    return 128


def idf_heap_info(capabilities):
    return [(65536, 32768, 32768, 32768)]


def __getattr__(name):
    if name in ("NVS", "Partition", "RMT", "ULP"):
        raise NotImplementedError("esp32." + name + " is not emulated")
    raise AttributeError(name)
