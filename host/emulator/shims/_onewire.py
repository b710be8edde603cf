# ruff: noqa: F821  (the build puts in what is not defined here)
# _onewire: the chip's C functions for the slots of a 1-Wire bus.
from _port import port


def reset(pin):
    return bool(port(pin._id, OP_ONEWIRE_RESET))


def _read(pin, bits):
    port(bits, OP_PUSH)
    return port(pin._id, OP_ONEWIRE_READ)


def _write(pin, value, bits):
    port(value, OP_PUSH)
    port(bits, OP_PUSH)
    port(pin._id, OP_ONEWIRE_WRITE)


def readbit(pin):
    return _read(pin, 1)


def readbyte(pin):
    return _read(pin, 8)


def writebit(pin, value):
    _write(pin, 1 if value else 0, 1)


def writebyte(pin, value):
    _write(pin, value & 0xFF, 8)


def crc8(data):
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
