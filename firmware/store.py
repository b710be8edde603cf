"""Storage: named JSON documents on the flash that survive a power cut at any moment; the journal.

A document is written to <name>.new and renamed over the old one, so that a reader finds the old
or the new one, whole. A checksum ends each file; what fails it is set aside as <name>.bad, the
last one of each name. Names are few and sizes have quotas, so neither ever fills the flash.

The journal tells what each call did to the world outside, and why. A line of it is a checksum and
JSON, of which `why` makes words; time as Clock.now_s has it:
    7d0b12ac [time, times, "rule pump", "gpio_write", {"pin": 5, "value": 1}, {"value": 1}]
Calls that differ in nothing but what they read back share a line until it is written. The flash
is written once a minute at most; what came since is lost when the power goes. A full file is
renamed to journal.old, over the one before.
"""

import binascii
import errno
import json
import os

from micropython import const

DIR = "/data/"
JOURNAL = DIR + "journal"
_SEAL = const(9)  # bytes that end a file
_QUOTA = const(4096)  # bytes of a document that is not named here
_QUOTAS = {"rules": 8192, "scripts": 3072, "memory": 1344, "devices": 2048}
_MAX_WAITING = const(24)  # lines
_MAX_RESULT = const(240)  # characters; of a longer one nothing is kept
_MAX_BYTES = const(8192)  # of a file of the journal


class Store:
    """All documents of a board. Reads never fail: a missing or broken document is its default.

    problems: what was found broken since boot, in words. writes: how often the flash was written.
    closed: reads give the default, as safe mode wants it, but for what updates were tried.
    clock: of the journal, see Clock.
    """

    def __init__(self):
        self.problems = []
        self.writes = 0
        self.closed = False
        self.clock = None
        self._waiting = []  # (time, times, cause with tool and arguments, result), oldest first
        try:
            os.mkdir(DIR[:-1])
        except OSError:
            pass  # it is there

    def load(self, name, default):
        """Return the document, or default if there is none that can be trusted."""
        if self.closed and name != "job":  # nothing old comes back in safe mode
            return default
        path = DIR + name
        try:
            with open(path, "rb") as f:
                raw = f.read(_QUOTAS.get(name, _QUOTA) + _SEAL + 1)
            body = memoryview(raw)[:-_SEAL]
            if raw[-_SEAL:] == b"\n" + seal(body):
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
        body = json.dumps(value)
        quota = _QUOTAS.get(name, _QUOTA)
        if len(memoryview(body)) > quota:
            raise ValueError("%s may take %d bytes: delete something first" % (name, quota))
        replace(DIR + name, body, b"\n" + seal(body))
        self.writes += 1

    def note(self, by, tool, args, result):
        """Add one call to the journal. by: its cause, "chat <id>" or "rule <name>"."""
        cause = json.dumps((by, tool, args))[1:-1]
        result = json.dumps(result)
        times = 1
        waiting = self._waiting
        for entry in waiting:
            if entry[2] == cause and ('"error"' in entry[3]) == ('"error"' in result):
                times += entry[1]
                waiting.remove(entry)
                break
        if len(result) > _MAX_RESULT:
            result = "{}"
        waiting.append((self.clock.now_s(), times, cause, result))
        del waiting[:-_MAX_WAITING]

    def lines(self):
        """Return what waits for the journal as lines of JSON."""
        return [b"[%d,%d,%s,%s]" % entry for entry in self._waiting]

    def flush(self):
        """Write what waits for the journal; a full flash leaves it waiting."""
        lines = self.lines()
        if not lines:
            return
        try:
            with open(JOURNAL, "ab") as f:
                for line in lines:
                    f.write(b"\n" + seal(line) + b" " + line)
                full = f.tell() > _MAX_BYTES
            self._waiting = []
            self.writes += 1
            if full:
                os.rename(JOURNAL, JOURNAL + ".old")
        except OSError:
            pass


def replace(path, *parts):
    """Write a file anew. Raises OSError if the flash is full; the old one is then intact."""
    new = path + ".new"
    try:
        with open(new, "wb") as f:
            for part in parts:
                f.write(part)
        os.rename(new, path)
    except OSError:
        try:
            os.remove(new)
        except OSError:
            pass  # it was never made
        raise


def seal(body):
    """Return the checksum that ends a file or begins a line, 8 bytes."""
    return binascii.hexlify(binascii.crc32(body).to_bytes(4, "big"))
