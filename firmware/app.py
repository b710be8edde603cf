"""The board as a whole: its parts, its tasks, and what goes out over the link."""

import asyncio
import binascii
import gc
import os
import sys

import machine
from micropython import const

from firmware import wire
from firmware.agent import Agent
from firmware.clock import Clock
from firmware.guard import Guard
from firmware.link import Link
from firmware.pins import Pins
from firmware.rules import Rules
from firmware.store import Store
from firmware.tools import Tools, unload

VERSION = "0.1.0"
_MAX_OUTBOX = const(16)  # messages that wait for the link; answers and events
_RESTART_TASK_MS = const(1000)
_REST_MS = const(3600000)  # for whoever works at the prompt
_SERIAL = "serial"  # id of what is typed on the serial line, and answered there
_FOR_EVER_S = const(3600)
_MAX_NAME = const(24)


class App:
    """Everything that lives on one board."""

    def __init__(self, settings, board, store, guard):
        self.settings = settings
        self.board = board
        self.nonce = binascii.hexlify(os.urandom(4)).decode()
        self.store = store
        self.guard = guard
        self.clock = store.clock = Clock(store)
        board.pop("forbidden", None)
        self.pins = Pins(self)
        self.calls = store.load("limits", [0, 0, 0, 0])  # to the model: see limits
        self.memory = store.load("memory", {})
        self.events_lost = 0
        self._outbox = []
        self._stale = False  # the birth message is to be sent, before the outbox
        self._queued = asyncio.Event()
        self.persona = store.load("persona", {}).get("persona", "neutral")
        self.tools = Tools(self)
        self.rules = Rules(self)
        self.agent = Agent(self)
        self.link = Link(
            settings,
            (self.topic(wire.STATUS), "offline"),
            self._topics(),
            wire.MAX_IN,
            self._on_message,
            self._on_up,
        )

    async def run(self):
        """Run all tasks for ever."""
        runs = (
            self.pins.run,  # first: of the things that have a safe state
            self.rules.run,
            self.agent.run,
            lambda: self.guard.run(self),
            self._read_console,
            self._send_outbox,
            self._run_link,
        )
        await asyncio.gather(*map(_supervise, runs))

    def topic(self, kind):
        """Return this board's topic of a kind."""
        return wire.topic(self.settings["device"], kind)

    def send(self, kind, message):
        """Queue a message for the link; the oldest event makes room when too many wait."""
        if message.get("id") == _SERIAL:
            print(message["text"])
            return
        if len(self._outbox) >= _MAX_OUTBOX:
            kinds = [k for k, _ in self._outbox]
            self._outbox.pop(kinds.index(wire.EVENT) if wire.EVENT in kinds else 0)
            self.events_lost += 1
        self._outbox.append((kind, message))
        self._queued.set()

    def event(self, event):
        """Queue an event, with the time if it is known."""
        if self.clock.is_set():
            event["t"] = self.clock.unix_s()
        self.send(wire.EVENT, event)

    def emit(self, name, value, tag):
        """Tell other boards: those that listen to this one, or all of a tag."""
        event = {"e": "emit", "name": name, "from": self.settings["device"]}
        if value is not None:
            event["value"] = value
        if tag:
            self.send(wire.GROUP + tag + "/event", event)
        else:
            self.event(event)

    def sources_changed(self):
        """Listen to the boards and tags that the rules name now."""
        asyncio.create_task(self.link.subscribe(self._topics()))

    def _topics(self):
        topics = [self.topic("down/#")]
        for tag in self.settings["tags"]:
            topics.append(wire.GROUP + tag + "/event")
        for source in self.rules.sources():
            topics.append(wire.topic(source, wire.EVENT))
            topics.append(wire.GROUP + source + "/event")
        return topics

    def _on_message(self, topic, payload):
        """Take a message; payload is its size in bytes if it was too large."""
        own = self.topic("")
        kind = topic[len(own) :]
        try:
            if isinstance(payload, int):
                raise wire.WireError("%d bytes, at most %d" % (payload, wire.MAX_IN))
            if not topic.startswith(own):
                self._on_event(topic, payload)
            elif kind == wire.REPLY:
                self.agent.take_reply(payload)
            elif kind == wire.CHAT:
                if payload[:1] == b"{":
                    chat = wire.decode(kind, payload)
                else:
                    chat = {"text": str(payload, "utf-8").strip()}
                if not 0 < len(chat["text"]) <= wire.MAX_TEXT:
                    raise wire.WireError("text must have 1 to %d characters" % wire.MAX_TEXT)
                if chat.get("id", _SERIAL) == _SERIAL:
                    chat["id"] = "chat"
                self.hear(chat)
            # other kinds are for later versions of this firmware
        except ValueError as e:
            why = str(e) or "not UTF-8"
            print("refused", kind, why)
            self.event({"e": "refused", "name": kind, "why": why})

    def hear(self, chat):
        """Answer "/status" and its like, or "why ...?", at once; leave a sentence to the agent."""
        text = chat["text"]
        answer = None
        if text[0] == "/" or text[:4].lower() == "why ":
            try:
                from firmware import console

                answer = console.answer(self, text, chat["id"] == _SERIAL)
            except Exception as e:  # the link's reader must go on
                answer = "failed: " + repr(e)
            unload("console")
            unload()
        if answer is None and self.guard.safe:
            answer = "I am in safe mode: %s. Rules and scripts are off." % self.guard.safe
        if answer is None:
            self.agent.hear(chat)
        else:
            answer = answer[: wire.MAX_TEXT]
            self.send(wire.ANSWER, {"id": chat["id"], "text": answer, "ok": True})

    async def _read_console(self):
        reader = asyncio.StreamReader(sys.stdin)
        line = ""
        while True:
            char = await reader.read(1)
            if not char:
                await asyncio.sleep(_FOR_EVER_S)  # nobody is there
            elif char not in "\r\n":
                line = (line + char)[: wire.MAX_TEXT]
            else:
                if line.strip():
                    self.hear({"id": _SERIAL, "text": line.strip()})
                line = ""

    def _on_event(self, topic, payload):
        try:
            event = wire.decode(wire.EVENT, payload)
        except wire.WireError:
            return  # another board's mistake is not ours to report
        name = event.get("name")
        if event["e"] == "emit" and name and len(name) <= _MAX_NAME:
            source, _, tag = topic[len(wire.ROOT) :].partition("/")
            tag = tag.rpartition("/")[0]
            sources = (event.get("from"), tag) if source == "g" else (source, None)
            self.rules.hear(name, sources, event.get("value"))

    async def _on_up(self):
        self.guard.good()
        await self.link.publish(self.topic(wire.STATUS), b"online", True)
        await self._announce()
        gc.collect()
        print("online as", self.settings["device"], "heap free", gc.mem_free())
        self._queued.set()
        self.agent.wake.set()

    def announce(self):
        """Send the birth message again: the tools, the time zone or the persona changed."""
        self._stale = True
        self._queued.set()

    async def _announce(self):
        self._stale = False
        size = sum([len(part) for part in self._info()])
        await self.link.publish(self.topic(wire.INFO), b"", True, size, self._info())

    def _info(self):
        """Yield the birth message in parts: the catalogue is too large to be held at once."""
        board = self.board
        info = {
            "v": wire.VERSION,
            "fw": VERSION,
            "board": board["name"],
            "chip": board["chip"],
            "nonce": self.nonce,
            "hash": self.tools.hash,
            "pins": board["usable"],
            "tags": list(self.settings["tags"]),
            "tz": self.clock.zone_name,
            "persona": self.persona,
        }
        yield wire.encode(info)[:-1] + b',"tools":['
        before = b""
        for row in self.tools.catalogue():
            yield before + row
            before = b","
        yield b"]}"

    async def _send_outbox(self):
        while True:
            await self._queued.wait()
            self._queued.clear()
            try:
                while self.link.up and (self._stale or self._outbox):
                    if self._stale:
                        await self._announce()
                        continue
                    kind, message = first = self._outbox[0]
                    topic = kind if kind.startswith(wire.ROOT) else self.topic(kind)
                    await self.link.publish(topic, wire.encode(message))
                    if first in self._outbox:
                        self._outbox.remove(first)
            except OSError:
                pass  # the link is down: what was not acknowledged stays queued

    async def _run_link(self):
        settings = self.settings
        while not settings["device"]:
            await asyncio.sleep(_FOR_EVER_S)  # what this board is called is not known
        if settings["wifi.ssid"]:
            import network

            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            wlan.connect(settings["wifi.ssid"], settings["wifi.password"])
            while not wlan.isconnected():  # the driver keeps trying by itself
                await asyncio.sleep_ms(200)
        await self.link.run()


async def _supervise(run):
    """Run a task again when it fails: one bug must not end the others."""
    while True:
        try:
            await run()
        except Exception as e:
            print("a task failed and starts again:")
            sys.print_exception(e)
        await asyncio.sleep_ms(_RESTART_TASK_MS)


def make(store, guard):
    """Return the board, made of what its flash holds."""
    from firmware.settings import load

    settings, board, problem = load()
    unload("settings")
    if problem:
        guard.good()  # provisioning is at fault, not the firmware
        guard.safe = problem
    if guard.safe:
        print("safe mode:", guard.safe)
        store.closed = True
    app = App(settings, board, store, guard)
    gc.collect()
    print("limpet", VERSION, "on", board["name"], "as", settings["device"])
    return app


def run(trial=""):
    """Run the board; main.py starts it again when this raises, and at the fourth in safe mode.

    trial: the slot that main.py tries, which /slot is to hold once this start was good, or "".
    """
    gc.threshold(8192)  # collect often: large blocks must find room between small ones
    store = Store()
    guard = Guard(store, trial)
    try:
        asyncio.run(make(store, guard).run())
    finally:
        machine.WDT(timeout=_REST_MS)  # Ctrl-C: it cannot be stopped, but waits
