# ruff: noqa: F821  (the build puts in what is not defined here)
# esp32: storage, wake sources and what a program asks about the chip. The rest says so when used.
from _port import port
from uctypes import addressof

HEAP_DATA = 4
HEAP_EXEC = 1
WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_NOT_FOUND = const(-0x1102)
_TOO_LONG = const(-0x1109)
_WRONG_LENGTH = const(-0x110C)
_INT = const(1)
_BLOB = const(2)


def raw_temperature():
    return 128


def idf_heap_info(capabilities):
    return [(65536, 32768, 32768, 32768)]


def wake_on_ext0(pin=None, level=False):
    if pin is not None:
        port(1 if level else 0, OP_PUSH)
    port(0 if pin is None else pin._id, OP_WAKE_EXT0)


def wake_on_ext1(pins=(), level=False):
    for pin in pins or ():
        port(pin._id, OP_PUSH)
    port(1 if level else 0, OP_WAKE_EXT1)


def wake_on_touch(wake):
    raise NotImplementedError("touch pads are not emulated")


def wake_on_ulp(wake):
    raise NotImplementedError("esp32.ULP is not emulated")


def gpio_deep_sleep_hold(enable):
    if enable:
        raise NotImplementedError("holding pins over deep sleep is not emulated")


class NVS:
    def __init__(self, namespace):
        self._namespace = namespace

    def _call(self, key, data, kind, operation):
        if len(key) > 15:
            raise OSError(_TOO_LONG, "ESP_ERR_NVS_KEY_TOO_LONG")
        for part in (self._namespace, key, data):
            port(addressof(part), OP_PUSH)
            port(len(part), OP_PUSH)
        return port(kind, operation)

    def _get(self, key, buffer, kind):
        found = self._call(key, buffer, kind, OP_NVS_GET)
        if not found:
            raise OSError(_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")
        if found - 1 > len(buffer):
            raise OSError(_WRONG_LENGTH, "ESP_ERR_NVS_INVALID_LENGTH")
        return found - 1

    def set_i32(self, key, value):
        self._call(key, (value & 0xFFFFFFFF).to_bytes(4, "little"), _INT, OP_NVS_PUT)

    def get_i32(self, key):
        data = bytearray(4)
        self._get(key, data, _INT)
        value = int.from_bytes(data, "little")
        return value - (1 << 32) if value >> 31 else value

    def set_blob(self, key, value):
        self._call(key, value.encode() if isinstance(value, str) else value, _BLOB, OP_NVS_PUT)

    def get_blob(self, key, buffer):
        return self._get(key, buffer, _BLOB)

    def erase_key(self, key):
        if not self._call(key, b"", 0, OP_NVS_ERASE):
            raise OSError(_NOT_FOUND, "ESP_ERR_NVS_NOT_FOUND")

    def commit(self):
        pass


class Partition:
    BOOT = 0
    RUNNING = 1
    TYPE_APP = 0
    TYPE_DATA = 1

    def __init__(self, id, block_size=4096):
        table = _partitions()
        if id in (Partition.BOOT, Partition.RUNNING):
            self._info = table[2]
            return
        for info in table:
            if info[4] == id:
                self._info = info
                return
        raise OSError(-0x105, "ESP_ERR_NOT_FOUND")

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        return [
            Partition(info[4])
            for info in _partitions()
            if info[0] == type and subtype in (0xFF, info[1]) and label in (None, info[4])
        ]

    def info(self):
        return self._info

    def _refuse(self, *_, **__):
        raise NotImplementedError("reading and writing partitions is not emulated")

    readblocks = writeblocks = ioctl = set_boot = get_next_update = _refuse

    @classmethod
    def mark_app_valid_cancel_rollback(cls):
        pass

    def __repr__(self):
        text = "<Partition type=%d, subtype=%d, address=%d, size=%d, label=%s, encrypted=%d>"
        return text % self._info


def _partitions():
    start = port(0, OP_PARTITION)
    return (
        (1, 2, 36864, 24576, "nvs", False),
        (1, 1, 61440, 4096, "phy_init", False),
        (0, 0, 65536, start - 65536, "factory", False),
        (1, 129, start, port(1, OP_PARTITION), "vfs", False),
    )


class _NotEmulated:
    def __init__(self, *_, **__):
        raise NotImplementedError("esp32." + type(self).__name__ + " is not emulated")


class RMT(_NotEmulated):
    PULSE_MAX = 32767


class ULP(_NotEmulated):
    RESERVE_MEM = 2040
