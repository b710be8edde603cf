"""The board as a whole: its parts, its tasks, and what goes out over the link."""

import asyncio
import binascii
import gc
import os
import sys
import time

import machine
from micropython import const

from firmware import wire
from firmware.agent import Agent
from firmware.clock import Clock
from firmware.devices import Devices
from firmware.guard import Guard
from firmware.journal import Journal
from firmware.link import Link
from firmware.pins import Pins
from firmware.rules import Rules
from firmware.scripts import Scripts
from firmware.store import Store
from firmware.tools import Tools, unload

VERSION = "0.1.0"
_MAX_OUTBOX = const(16)  # messages that wait for the link; answers and events
_RESTART_TASK_MS = const(1000)
_FAILED_MS = const(3000)  # a failed start: time to read why, or to press Ctrl-C
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
        self.clock = Clock(store)
        board.pop("forbidden", None)
        self.pins = Pins(board)
        self.journal = Journal(self.clock, store)
        self.calls = store.load("limits", [0, 0, 0, 0])  # to the model: see limits
        self.memory = self.store.load("memory", {})
        self.events_lost = 0
        self._outbox = []
        self._queued = asyncio.Event()
        self.persona = self.store.load("persona", {}).get("persona", "neutral")
        self.devices = self.pins.devices = Devices(self)
        self.scripts = Scripts(self)
        self.tools = Tools(self)
        self.rules = Rules(self)
        self.agent = Agent(self)
        self.link = Link(
            settings,
            (self.topic(wire.STATUS), b"offline"),
            self._topics(),
            wire.MAX_IN,
            self._on_message,
            self._on_oversize,
            self._on_up,
        )

    async def run(self):
        """Run all tasks for ever."""
        self.devices.start()
        await asyncio.gather(
            _supervise("rules", self.rules.run),
            _supervise("devices", self.devices.run),
            _supervise("agent", self.agent.run),
            _supervise("guard", lambda: self.guard.run(self)),
            _supervise("console", self._read_console),
            _supervise("outbox", self._send_outbox),
            _supervise("link", self._run_link),
        )

    def topic(self, kind):
        """Return this board's topic of a kind."""
        return wire.topic(self.settings["device"], kind)

    def send(self, kind, message):
        """Queue a message for the link; the oldest event makes room when too many wait."""
        if message.get("id") == _SERIAL:
            print(message["text"])
            return
        if len(self._outbox) >= _MAX_OUTBOX:
            events = [i for i, (k, _) in enumerate(self._outbox) if k == wire.EVENT]
            self._outbox.pop(events[0] if events else 0)
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

    def refuse(self, name, why):
        """Report a message that was not taken."""
        print("refused", name, why)
        self.event({"e": "refused", "name": name, "why": why})

    def _on_message(self, topic, payload):
        own = self.topic("")
        if not topic.startswith(own):
            self._on_event(topic, payload)
            return
        kind = topic[len(own) :]
        if kind == wire.REPLY:
            self.agent.take_reply(payload)
        elif kind == wire.CHAT:
            try:
                self.hear(self._chat(payload))
            except wire.WireError as e:
                self.refuse(kind, str(e))
        # other kinds are for later versions of this firmware

    def hear(self, chat):
        """Answer a command at once, and leave a sentence to the agent."""
        text = self.command(chat["text"], chat["id"] == _SERIAL)
        if text is None and self.guard.safe:
            text = "I am in safe mode: %s. Rules and scripts are off." % self.guard.safe
        if text is None:
            self.agent.hear(chat)
        else:
            text = text[: wire.MAX_TEXT]
            self.send(wire.ANSWER, {"id": chat["id"], "text": text, "ok": True})

    def command(self, text, serial):
        """Return the answer to "/status" and its like, or "why ...?"; None for a sentence."""
        if text[0] != "/" and text[:4].lower() != "why ":
            return None
        try:
            from firmware import console

            return console.answer(self, text, serial)
        except Exception as e:  # the link's reader must go on
            return "failed: " + repr(e)
        finally:
            unload("console")
            unload()

    async def _read_console(self):
        reader = asyncio.StreamReader(sys.stdin)
        line = ""
        while True:
            char = await reader.read(1)
            if not char:
                await asyncio.sleep(_FOR_EVER_S)  # nobody is there
            elif char not in "\r\n":
                line += char if len(line) < wire.MAX_TEXT else ""
            else:
                if line.strip():
                    self.hear({"id": _SERIAL, "text": line.strip()})
                line = ""

    def _on_event(self, topic, payload):
        try:
            event = wire.decode(wire.EVENT, payload)
            device, kind = wire.split(topic)
        except wire.WireError:
            return  # another board's mistake is not ours to report
        if event["e"] == "emit" and event.get("name") and len(event["name"]) <= _MAX_NAME:
            if device == "g":
                sources = (event.get("from"), kind[: -len("/event")])
            else:
                sources = (device, None)
            self.rules.hear(event["name"], sources, event.get("value"))

    def _chat(self, payload):
        if payload[:1] == b"{":
            chat = wire.decode(wire.CHAT, payload)
        else:
            try:
                chat = {"text": str(payload, "utf-8").strip()}
            except UnicodeError:
                raise wire.WireError("chat: not UTF-8")
        if not 0 < len(chat["text"]) <= wire.MAX_TEXT:
            raise wire.WireError("chat: text must have 1 to %d characters" % wire.MAX_TEXT)
        if chat.get("id", _SERIAL) == _SERIAL:
            chat["id"] = "chat"
        return chat

    def _on_oversize(self, topic, size):
        self.refuse(topic[len(self.topic("")) :], "%d bytes, at most %d" % (size, wire.MAX_IN))

    async def _on_up(self):
        self.guard.good()
        await self.link.publish(self.topic(wire.STATUS), b"online", 1, True)
        await self._announce()
        gc.collect()
        print("online as", self.settings["device"], "heap free", gc.mem_free())
        self._queued.set()

    def announce(self):
        """Send the birth message again: the tools, the time zone or the persona changed."""
        asyncio.create_task(self._announce_again())

    async def _announce_again(self):
        try:
            await self._announce()
        except OSError:
            pass  # the link is down: the next connection announces all

    async def _announce(self):
        size = sum([len(part) for part in self._info()])
        await self.link.publish(self.topic(wire.INFO), (size, self._info()), 1, True)

    def _info(self):
        """Yield the birth message in parts: the catalogue is too large to be held at once."""
        info = {
            "v": wire.VERSION,
            "fw": VERSION,
            "board": self.board["name"],
            "chip": self.board["chip"],
            "nonce": self.nonce,
            "hash": self.tools.hash,
            "pins": self.board["usable"],
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
            while self._outbox and self.link.up:
                kind, message = self._outbox[0]
                try:
                    topic = kind if kind.startswith(wire.ROOT) else self.topic(kind)
                    await self.link.publish(topic, wire.encode(message), 1)
                except OSError:
                    break  # the link is down: what was not acknowledged stays queued
                if self._outbox and self._outbox[0][1] is message:
                    self._outbox.pop(0)

    async def _run_link(self):
        while not self.settings["device"]:
            await asyncio.sleep(_FOR_EVER_S)  # what this board is called is not known
        if self.settings["wifi.ssid"]:
            import network

            wlan = network.WLAN(network.STA_IF)
            wlan.active(True)
            wlan.connect(self.settings["wifi.ssid"], self.settings["wifi.password"])
            while not wlan.isconnected():  # the driver keeps trying by itself
                await asyncio.sleep_ms(200)
        await self.link.run()


async def _supervise(name, run):
    """Run a task again when it fails: one bug must not end the others."""
    while True:
        try:
            await run()
        except Exception as e:
            print("task", name, "failed and starts again:")
            sys.print_exception(e)
        await asyncio.sleep_ms(_RESTART_TASK_MS)


def make(store, guard):
    """Return the board, made of what its flash holds."""
    from firmware import settings as settings_module

    settings, board, problem = settings_module.load()
    unload("settings")
    if problem:
        guard.good()  # provisioning is at fault, not the firmware
        guard.safe = problem
    if guard.safe:
        print("safe mode:", guard.safe)
        store.closed = True
    app = App(settings, board, store, guard)
    for problem in store.problems:
        print("storage:", problem)
    gc.collect()
    print("limpet", VERSION, "on", board["name"], "as", settings["device"])
    print("heap free", gc.mem_free())
    return app


def run():
    """Run the board; a start that fails ends in another, and the fourth in safe mode."""
    gc.threshold(8192)  # collect often: large blocks must find room between small ones
    store = Store()
    guard = Guard(store)
    try:
        asyncio.run(make(store, guard).run())
    except Exception as e:
        sys.print_exception(e)
        time.sleep_ms(_FAILED_MS)
        machine.reset()
    finally:
        machine.WDT(timeout=_REST_MS)  # Ctrl-C: it cannot be stopped, but waits
