# dht: the chip's frozen driver, on what machine.dht_readinto brings.
import sys  # noqa: F401  (the chip's module has it too)

from machine import dht_readinto


class DHTBase:
    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        frame = self.buf
        dht_readinto(self.pin, frame)
        if sum(frame[:4]) & 0xFF != frame[4]:
            raise Exception("checksum error")


class DHT11(DHTBase):
    def humidity(self):
        return self.buf[0]

    def temperature(self):
        return self.buf[2]


class DHT22(DHTBase):
    def humidity(self):
        return (self.buf[0] * 256 + self.buf[1]) * 0.1

    def temperature(self):
        high = self.buf[2]
        size = ((high & 0x7F) * 256 + self.buf[3]) * 0.1
        return -size if high & 0x80 else size
