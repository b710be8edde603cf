"""The board as a whole: its parts, its tasks, and what goes out over the link."""

import asyncio
import gc
import io
import os
import sys

import machine
from micropython import const

from firmware import (
    agent,
    clock,
    guard,
    link,
    pins,
    rules,
    store,
    tools,
    wire,
)

_VERSION = const("0.1.0")
_MAX_OUTBOX = const(16)  # messages that wait for the link; answers and events
_MAX_CRASH = const(1000)  # characters of a traceback
_RESTART_TASK_MS = const(1000)
_REST_MS = const(3600000)  # for whoever works at the prompt
_SERIAL = const("serial")  # id of what is typed on the serial line, and answered there
_FOR_EVER_S = const(3600)
_LOOK_MS = const(1000)  # a router may be away for days
_FLEET = {
    wire.COMMAND: "command",
    wire.DESIRED: "command",
    wire.JOB: "update",
    wire.BLOCK: "update",
}


class App:
    """Everything that lives on one board."""

    def __init__(self, settings, board, store, guard):
        self.settings = settings
        self.board = board
        self.nonce = os.urandom(8).hex()
        self.store = store
        self.guard = guard
        self.clock = store.clock = clock.Clock(store)
        board.pop("forbidden", None)
        self.pins = pins.Pins(self)
        self.memory = store.load("memory", {})
        self.events_lost = 0
        self._crash = None  # the last one that was told
        self.outbox = []  # (topic, payload) of what waits for the link, oldest first
        self._queued = asyncio.Event()
        self.edge = asyncio.ThreadSafeFlag()  # a pin's handler has something to tell
        self.persona = store.load("persona", {}).get("persona", "neutral")
        self.tools = tools.Tools(self)
        self.rules = rules.Rules(self)
        self.agent = agent.Agent(self)
        self.link = link.Link(
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
            self._relay,
            self._read_console,
            self._send_outbox,
            self._run_link,
        )
        try:
            with open("/crash") as f:
                self._tell_crash(f.read(_MAX_CRASH))
            os.remove("/crash")
        except OSError:
            pass  # the last start ended well
        await asyncio.gather(*map(self._supervise, runs))

    async def _supervise(self, run):
        """Run a task again when it fails: one bug must not end the others."""
        while True:
            try:
                await run()
            except Exception as e:
                print("a task failed and starts again:")
                sys.print_exception(e)
                text = io.StringIO()
                sys.print_exception(e, text)
                self._tell_crash(text.getvalue()[:_MAX_CRASH])
            await asyncio.sleep_ms(_RESTART_TASK_MS)

    def _tell_crash(self, text):
        if text != self._crash:  # one that comes again and again is told once
            self._crash = text
            self.send(wire.CRASH, {"text": text})

    def topic(self, kind):
        """Return this board's topic of a kind."""
        return wire.topic(self.settings["device"], kind)

    def send(self, kind, message, device=None):
        """Queue a message for the link and return its entry in the outbox.

        device: whose topic it is, this board's by default. The oldest event makes room when too
        many wait. Raises MemoryError.
        """
        if message.get("id") == _SERIAL:
            print(message["text"])
            return
        outbox = self.outbox
        if len(outbox) >= _MAX_OUTBOX:
            for entry in outbox:
                if entry[0][-5:] == "event":
                    break
            else:
                entry = outbox[0]
            outbox.remove(entry)
            self.events_lost += 1
        entry = (wire.topic(device or self.settings["device"], kind), wire.encode(message))
        outbox.append(entry)
        self._queued.set()
        return entry

    def announce(self):
        """Send the birth message, again if the tools, the time zone or the persona changed."""
        self.outbox.insert(0, (self.topic(wire.INFO), None))
        del self.outbox[_MAX_OUTBOX:]
        self._queued.set()

    def event(self, event, tag=None):
        """Queue an event, with the time if it is known. tag: the group it is for."""
        if self.clock.is_set():
            event["t"] = self.clock.unix_s()
        if tag:
            self.send(tag + "/event", event, "g")
        else:
            self.send(wire.EVENT, event)

    def emit(self, name, value, tag):
        """Tell other boards: those that listen to this one, or all of a tag."""
        device = self.settings["device"]
        self.event({"e": "emit", "name": name, "from": device, "value": value}, tag)

    def sources_changed(self):
        """Listen to the boards and tags that the rules name now."""
        asyncio.create_task(self.link.subscribe(self._topics()))

    def _topics(self):
        topics = [self.topic("down/#")]
        sources = self.rules.sources()
        for source in sources:
            topics.append(wire.topic(source, wire.EVENT))
        for tag in sources.union(self.settings["tags"]):
            topics.append(wire.GROUP + tag + "/event")
        return topics

    def _on_message(self, topic, payload):
        """Take a message; payload is its size in bytes if it was too large."""
        device, _, kind = topic[len(wire.ROOT) :].partition("/")
        own = device == self.settings["device"]
        try:
            if isinstance(payload, int):
                raise ValueError("%d bytes, at most %d" % (payload, wire.MAX_IN))
            if not own:
                event = wire.decode(wire.EVENT, payload)
                sources = (device, None)
                if device == "g":  # of kind "<tag>/event"
                    sources = (event.get("from"), kind[:-6])
                if event["e"] == "emit" and "name" in event:
                    self.rules.hear(event["name"], sources, event.get("value"))
            elif kind == wire.REPLY:
                self.agent.take_reply(payload)
            elif kind == wire.CHAT:
                if payload[:1] == b"{":
                    chat = wire.decode(kind, payload)
                else:
                    chat = {"text": str(payload, "utf-8").strip()}
                if not 0 < len(chat["text"]) <= wire.MAX_TEXT:
                    raise ValueError("text must have 1 to %d characters" % wire.MAX_TEXT)
                if chat.get("id", _SERIAL) == _SERIAL:
                    chat["id"] = "chat"
                self.hear(chat)
            elif kind in _FLEET:  # only a board of a fleet pays for it
                __import__("firmware." + _FLEET[kind], None, None, ("take",)).take(
                    self, kind, payload
                )
            # other kinds are for later versions of this firmware
        except ValueError as e:
            if own:  # another board's mistake is not ours to report
                why = str(e) or "not UTF-8"
                if kind == wire.REPLY:
                    self.agent.refused = why
                self.event({"e": "refused", "name": kind, "why": why})

    def hear(self, chat):
        """Answer "/status", "why ...?", "stop" at once; leave other sentences to the agent."""
        text = chat["text"]
        answer = None
        if text[0] == "/" or text[:4].lower() in ("why ", "stop"):
            try:
                from firmware import console

                answer = console.answer(self, text, chat["id"] == _SERIAL)
            except Exception as e:  # the link's reader must go on
                answer = "failed: " + repr(e)
            for name in ("console", "tool_system", "tool_rules"):
                tools.unload(name)
        if not answer and self.guard.safe:
            answer = "I am in safe mode: %s. Rules and scripts are off." % self.guard.safe
        if answer:
            answer = answer[: wire.MAX_TEXT]
            self.send(wire.ANSWER, {"id": chat["id"], "text": answer, "ok": True})
        else:
            self.agent.hear(chat)

    async def _relay(self):
        while True:
            await self.edge.wait()
            self.rules.wake.set()
            self.guard.wake.set()

    async def _read_console(self):
        read = asyncio.StreamReader(sys.stdin).read
        if not self.settings["device"]:
            from firmware import improv

            read = improv.reader(_VERSION)
        line = ""
        while True:
            char = await read(1)
            if not char:
                await asyncio.sleep(_FOR_EVER_S)  # nobody is there
            elif char in "\r\n":
                line = line.strip()
                if line:  # else it is the other half of "\r\n"
                    print()
                    self.hear({"id": _SERIAL, "text": line})
                    line = ""
            elif char == "\x15":  # Ctrl-U
                line = ""
            else:
                # Of /set: its value is not shown.
                secret = "password" in line or ".tls" in line or "_key" in line
                if char in "\b\x7f":
                    line = line[:-1]
                    char = "\b \b"
                else:
                    line = (line + char)[: wire.MAX_TEXT]
                if not secret:
                    print(char, end="")

    async def _on_up(self):
        self.guard.good()
        await self.link.publish(self.topic(wire.STATUS), b"online", True)
        self.announce()
        gc.collect()
        print("online as", self.settings["device"], "heap free", gc.mem_free())

    def _info(self):
        """Yield the birth message in parts: the catalogue is too large to be held at once."""
        board = self.board
        info = {
            "v": wire.VERSION,
            "fw": _VERSION,
            "board": board["name"],
            "chip": board["chip"],
            "nonce": self.nonce,
            "hash": self.tools.hash,
            "pins": board["usable"],
            "tags": self.settings["tags"],
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
                while self.link.up and self.outbox:
                    topic, payload = first = self.outbox[0]
                    if topic[-3:] == "req":
                        self.outbox.remove(first)  # the agent sends it again
                    if payload:
                        await self.link.publish(
                            topic, payload, topic[-4:] in ("rted", "/job", "rash")
                        )
                    else:
                        size = sum(map(len, self._info()))
                        await self.link.publish(topic, b"", True, size, self._info())
                    if first in self.outbox:
                        self.outbox.remove(first)
            except OSError:
                pass  # the link is down: what was not acknowledged stays queued

    async def _run_link(self):
        settings = self.settings
        if settings["device"]:  # else what this board is called is not known
            if settings["wifi.ssid"]:
                import network

                wlan = network.WLAN()
                wlan.active(True)
                wlan.connect(settings["wifi.ssid"], settings["wifi.password"])
                while not wlan.isconnected():  # the driver keeps trying by itself
                    await asyncio.sleep_ms(_LOOK_MS)
            await self.link.run()


def make(store, guard):
    """Return the board, made of what its flash holds."""
    from firmware.settings import load

    settings, board, problem = load()
    tools.unload("settings")
    if problem:
        guard.good()  # provisioning is at fault, not the firmware
        guard.safe = problem
    if guard.safe:
        print("safe mode:", guard.safe)
        store.closed = True
    app = App(settings, board, store, guard)
    gc.collect()
    print("limpet", _VERSION, "on", board["name"], "as", settings["device"])
    return app


def run(trial=""):
    """Run the board; main.py starts it again when this raises, and at the fourth in safe mode.

    trial: the slot that main.py tries, which /slot is to hold once this start was good, or "".
    """
    gc.threshold(8192)  # collect often: large blocks must find room between small ones
    documents = store.Store()
    try:
        asyncio.run(make(documents, guard.Guard(documents, trial)).run())
    finally:
        machine.WDT(timeout=_REST_MS)  # Ctrl-C: it cannot be stopped, but waits
