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
_BLOCK = const(4096)


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
        self._size = block_size
        if isinstance(id, int):
            if id not in (Partition.BOOT, Partition.RUNNING):
                raise ValueError
            id = "factory"
        for info in _partitions():
            if info[4] == id:
                self._info = info
                return
        raise OSError(2)  # ENOENT

    @staticmethod
    def find(type=0, subtype=0xFF, label=None, block_size=4096):
        return [
            Partition(info[4], block_size)
            for info in _partitions()
            if info[0] == type and subtype in (0xFF, info[1]) and label in (None, info[4])
        ]

    def info(self):
        return self._info

    def _check(self):
        if self._info[4] != "vfs":
            raise NotImplementedError(
                "the content of partition " + self._info[4] + " is not emulated"
            )

    def readblocks(self, block_num, buf, offset=0):
        self._check()
        port(addressof(buf), OP_PUSH)
        port(len(buf), OP_PUSH)
        port(block_num * self._size + offset, OP_PARTITION_READ)

    def writeblocks(self, block_num, buf, offset=None):
        self._check()
        start = block_num * self._size
        if offset is None:
            offset = 0
            if self._size < _BLOCK:  # a part of a block: what is around it stays
                self._patch(start, buf)
                return
            for at in range(start, start + len(buf), _BLOCK):
                port(at // _BLOCK, OP_PARTITION_ERASE)
        port(addressof(buf), OP_PUSH)
        port(len(buf), OP_PUSH)
        port(start + offset, OP_PARTITION_WRITE)

    def _patch(self, start, buf):
        whole = Partition(self._info[4])
        block = bytearray(_BLOCK)
        done = 0
        while done < len(buf):
            number, at = divmod(start + done, _BLOCK)
            count = min(_BLOCK - at, len(buf) - done)
            whole.readblocks(number, block)
            block[at : at + count] = buf[done : done + count]
            whole.writeblocks(number, block)
            done += count

    def ioctl(self, cmd, arg=0):
        if cmd in (1, 2, 3):
            return 0
        if cmd == 4:
            return self._info[3] // self._size
        if cmd == 5:
            return self._size
        if cmd == 6:
            self._check()
            if self._size != _BLOCK:
                return -22  # EINVAL
            port(arg, OP_PARTITION_ERASE)
            return 0

    def set_boot(self):
        # the one program there is has no data that says which one boots
        raise OSError(-0x105, "ESP_ERR_NOT_FOUND")

    def get_next_update(self):
        raise OSError(2)  # ENOENT: there is one program

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
