# ruff: noqa: F821  (the build puts in what is not defined here)
# hashlib: the VM's own sha256, and md5 and sha1 from the host.
from _port import port
from uctypes import addressof
from uhashlib import sha256  # noqa: F401


class _Hash:
    def __init__(self, data=b""):
        self._number = port(self._kind, OP_HASH_NEW)
        self.update(data)

    def update(self, data):
        if not self._number:
            raise ValueError("hash is final")
        if isinstance(data, str):
            data = data.encode()
        port(addressof(data), OP_PUSH)
        port(len(data), OP_PUSH)
        port(self._number, OP_HASH_UPDATE)

    def digest(self):
        if not self._number:
            raise ValueError("hash is final")
        digest = bytearray(self._size)
        port(addressof(digest), OP_PUSH)
        port(self._number, OP_HASH_DIGEST)
        self._number = 0
        return bytes(digest)


class md5(_Hash):
    _kind = 1
    _size = 16


class sha1(_Hash):
    _kind = 2
    _size = 20
