"""Storage: named JSON documents on the flash that survive a power cut at any moment.

A document is written to <name>.new and renamed over the old one, so that a reader finds the old
or the new one, whole. A checksum ends each file; what fails it is set aside as <name>.bad, the
last one of each name. Names are few and sizes have quotas, so neither ever fills the flash.
"""

import binascii
import errno
import json
import os

from micropython import const

DIR = "/data/"
_SEAL = const(9)  # bytes that end a file
_QUOTA = const(4096)  # bytes of a document that is not named here
_QUOTAS = {"rules": 8192, "scripts": 3072}


class Store:
    """All documents of a board. Reads never fail: a missing or broken document is its default.

    problems: what was found broken since boot, in words. writes: how often the flash was written.
    closed: all reads give the default, as safe mode wants it.
    """

    def __init__(self):
        self.problems = []
        self.writes = 0
        self.closed = False
        try:
            os.mkdir(DIR[:-1])
        except OSError:
            pass  # it is there

    def load(self, name, default):
        """Return the document, or default if there is none that can be trusted."""
        path = DIR + name
        try:
            if self.closed:
                return default
            if os.stat(path)[6] > _SEAL + _QUOTAS.get(name, _QUOTA):
                raise ValueError
            with open(path, "rb") as f:
                raw = f.read()
            body = memoryview(raw)[:-_SEAL]
            if raw[-_SEAL:] != b"\n" + seal(body):
                raise ValueError
            value = json.loads(body)
            if isinstance(value, type(default)):
                return value
        except OSError as e:
            if e.errno == errno.ENOENT:
                return default
        except (ValueError, MemoryError):
            pass
        problem = "%s was damaged and set aside as %s.bad" % (name, name)
        print("storage:", problem)
        self.problems.append(problem)
        try:
            os.rename(path, path + ".bad")
        except OSError:
            pass  # it is found broken again, until it is written anew
        return default

    def change(self, name, values, key, value):
        """Return a copy of a document with one key changed, None: removed, after saving it."""
        values = dict(values)
        values.pop(key, None)
        if value is not None:
            values[key] = value
        self.save(name, values)
        return values

    def keep(self, name, value):
        """Save what can be done without: a full flash keeps the old one."""
        try:
            self.save(name, value)
        except OSError:
            pass

    def save(self, name, value):
        """Write the document, or leave the old one intact.

        Raises OSError if the flash is full, ValueError if it is larger than its quota.
        """
        body = memoryview(json.dumps(value))
        quota = _QUOTAS.get(name, _QUOTA)
        if len(body) > quota:
            raise ValueError("%s may take %d bytes: delete something first" % (name, quota))
        path = DIR + name
        try:
            with open(path + ".new", "wb") as f:
                f.write(body)
                f.write(b"\n" + seal(body))
            os.rename(path + ".new", path)
            self.writes += 1
        except OSError:
            try:
                os.remove(path + ".new")
            except OSError:
                pass  # it was never made
            raise


def seal(body):
    """Return the checksum that ends a file or begins a line, 8 bytes."""
    return binascii.hexlify(binascii.crc32(body).to_bytes(4, "big"))
