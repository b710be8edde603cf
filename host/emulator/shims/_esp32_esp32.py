# esp32: what a program most often asks of it. The rest is not emulated, and says so when used.
HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def raw_temperature():
    return 128


def idf_heap_info(capabilities):
    return [(65536, 32768, 32768, 32768)]


class _NotEmulated:
    def __init__(self, *_, **__):
        raise NotImplementedError("esp32." + type(self).__name__ + " is not emulated")


class NVS(_NotEmulated):
    pass


class Partition(_NotEmulated):
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1


class RMT(_NotEmulated):
    pass


class ULP(_NotEmulated):
    pass
