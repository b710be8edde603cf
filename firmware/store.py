"""Storage: named JSON documents on the flash that survive a power cut at any moment.

A document is written to a new file and renamed over the old one, so that a reader finds the old
or the new one, whole. A checksum ends each file; what fails it is set aside as <name>.bad.
"""

import binascii
import json
import os

_DIR = "/data"


class Store:
    """All documents of a board. Reads never fail: a missing or broken document is its default."""

    def __init__(self):
        self.problems = []  # what was found broken since boot, in words
        try:
            os.mkdir(_DIR)
        except OSError:
            pass  # it is there

    def load(self, name, default):
        """Return the document, or default if there is none that can be trusted."""
        path = _DIR + "/" + name
        try:
            with open(path, "rb") as f:
                raw = f.read()
        except OSError:
            return default
        try:
            body = raw[:-9]
            if raw[-9:] != _seal(body):
                raise ValueError
            value = json.loads(body)
            if not isinstance(value, type(default)):
                raise ValueError
            return value
        except ValueError:
            self.problems.append(name + " was damaged and set aside as " + name + ".bad")
            os.rename(path, path + ".bad")
            return default

    def save(self, name, value):
        """Write the document. Raises OSError if the flash is full; the old one is then intact."""
        body = json.dumps(value).encode()
        path = _DIR + "/" + name
        try:
            with open(path + ".new", "wb") as f:
                f.write(body)
                f.write(_seal(body))
            os.rename(path + ".new", path)
        except OSError:
            try:
                os.remove(path + ".new")
            except OSError:
                pass  # it was never made
            raise


def _seal(body):
    return b"\n" + binascii.hexlify(binascii.crc32(body).to_bytes(4, "big"))
