"""Updates: a signed job names the files of a new agent, which are fetched into the other slot.

Decision 0009 says what slots and trials are, docs/update.md what a job and its blocks look like.
What the running agent has too is copied. app.mpy is removed first and comes last: without it
main.py takes a slot for none. Document "job" is [n, id, slot] of the job that was switched to
last; once it is known what became of it, "done" or "failed" is in the slot's place.
"""

import asyncio
import binascii
import hashlib
import os
import random

from micropython import const

from firmware import wire
from firmware.clock import Alarm

_DIGITS = const(512)  # of a signature: 2048 bits
_BLOCK = const(1024)  # bytes asked for at once
_RESERVE = const(65536)  # bytes of the flash that stay free for what the board stores
_FIRST_MS = const(4000)  # until a block is asked for again
_LONGEST_MS = const(300000)
_SENT_MS = const(2000)
# PKCS #1: what a signature raised to 65537 is, before the SHA-256 of the job.
_PADDING = const("003031300d060960864801650304020105000420")
_SLOTS = ("/firmware/", "/b/firmware/")
_updates = []


def take(app, kind, payload):
    """Take a job or a block, a memoryview. Raises WireError for what is no job."""
    if not _updates:
        _updates.append(Update(app))
    _updates[0].take(kind, payload)


class Update:
    """The update under way, or none. app: the App."""

    def __init__(self, app):
        self._app = app
        self._task = self._id = None  # of the job that was taken last
        self._wanted = b""  # how the block that is awaited begins
        self._size = 0  # and what comes after that
        self._came = Alarm()

    def take(self, kind, payload):
        """See above."""
        if kind == wire.BLOCK:
            head = len(self._wanted)
            if head and len(payload) == head + self._size and payload[:head] == self._wanted:
                self._wanted = b""  # the same once more is not the next one
                self._block = bytes(payload[head:])
                self._came.set()
            return
        job = wire.decode(kind, payload[_DIGITS:]) if payload else {"id": None}
        if self._id != job["id"]:
            self._id = job["id"]
            if self._task:
                self._task.cancel()
            if payload:
                self._task = asyncio.create_task(self._run(job, bytes(payload)))

    async def _run(self, job, payload):
        app = self._app
        while True:
            await asyncio.sleep_ms(_SENT_MS)  # of a flood the last is looked at: a check is slow
            if not app.guard.trial:  # else the other slot is what it falls back to
                break
        last = app.store.load("job", [0, None, None])
        in_b = __file__[:2] == "/b"
        here = _SLOTS[in_b]
        why = None
        state = last[2]
        if last[1] != job["id"]:
            try:
                self._check(job, payload, last[0], here)
                self._tell("fetch", why)
                await self._fetch(job["files"], here, _SLOTS[not in_b])
                last[2] = "ba"[in_b]
                app.store.save("job", last)  # so that it is no trial of a person's, ever
                app.guard.switch()
                app.store.save("job", [job["n"], job["id"], last[2]])
                self._tell("trial", why)
                await asyncio.sleep_ms(_SENT_MS)
                app.guard.restart()
                return
            except (OSError, ValueError) as e:
                state = "failed"
                why = str(e)
        elif state in "ba":  # a slot
            state = last[2] = "done" if (state == "b") == in_b else "failed"
            app.store.keep("job", last)
        self._tell(state, why)

    def _tell(self, state, why):
        self._app.send(wire.PROGRESS, {"id": self._id, "state": state, "why": why})

    def _check(self, job, payload, newest, here):
        """Raise ValueError unless the job was signed, for this board, later than all before."""
        body = hashlib.sha256(payload[_DIGITS:]).digest()
        key = int(self._app.settings["update_key"] or "0", 16)
        right = int("01" + "ff" * 202 + _PADDING + binascii.hexlify(body).decode(), 16)
        if not key or pow(int(payload[:_DIGITS], 16), 65537, key) != right:
            raise ValueError("the signature is wrong")
        if job["n"] <= newest:
            raise ValueError("it is older than what came before")
        name = self._app.board["name"]
        if name not in (job.get("boards") or [name]):
            raise ValueError("it is for another board")
        with open(here + "app.mpy", "rb") as f:
            if binascii.hexlify(f.read(2)).decode() != job["mpy"]:
                raise ValueError("it is for another MicroPython")

    async def _fetch(self, files, here, there):
        room = os.statvfs("/")[3] * 4096 - _RESERVE
        names = {}
        for name, size, _ in files:
            names[name] = size
            room -= size
        if room < 0:
            raise ValueError("the flash has no room")
        for folder in ("/b", "/b/firmware"):
            try:
                os.mkdir(folder)
            except OSError:
                pass  # it is there
        for name in os.listdir(there):
            if name not in names or name == "app.mpy":
                os.remove(there + name)
        for name, size, digest in files:
            tries = 0
            while _digest(there + name) != digest:
                tries += 1
                if tries > 2 or "/" in name:
                    raise ValueError(name + " is not what was signed")
                source = None
                if _digest(here + name) == digest:
                    source = open(here + name, "rb")
                with open(there + name, "wb") as f:
                    at = 0
                    while at < size:
                        self._size = min(_BLOCK, size - at)
                        at += f.write(
                            source.read(self._size) if source else await self._get(name, at)
                        )
                if source:
                    source.close()

    async def _get(self, name, at):
        """Return the next block of a file."""
        self._wanted = b"%s %s %d\n" % (self._id, name, at)
        wait_ms = _FIRST_MS
        while True:
            if self._app.link.up:
                self._app.send(wire.WANTED, {"id": self._id, "f": name, "o": at})
            if await self._came.wait(wait_ms):
                return self._block
            wait_ms = min(wait_ms * 2, _LONGEST_MS) - random.randint(0, wait_ms)


def _digest(path):
    """Return the SHA-256 of a file in base64, or "" if there is none."""
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as f:
            while True:
                block = f.read(_BLOCK)
                if not block:
                    return binascii.b2a_base64(digest.digest())[:44].decode()
                digest.update(block)
    except OSError:
        return ""
