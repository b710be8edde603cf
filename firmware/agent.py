"""The agent: a sentence becomes a request, the reply's calls are carried out, an answer goes back.

One turn at a time. A turn that fails leaves nothing in the conversation.
"""

import asyncio
import sys

from micropython import const

from firmware import wire
from firmware.tools import unload

_MAX_ROUNDS = const(4)  # requests to the model in one turn
_LONGEST_TURN_MS = const(3600000)  # else the watchdog bites
_MAX_WAITING = const(4)  # chats that wait for their turn
_HISTORY_BYTES = const(1200)  # of JSON; whole turns are dropped, the oldest first
_MAX_RESULT_BYTES = const(600)  # of one tool's result on its way to the model


class TurnError(Exception):
    """A turn that cannot be finished; the text says why, for a person."""


class Agent:
    """The conversation of one board.

    app: has settings, tools, link, clock, memory, store, nonce, answer(message), topic(kind).
    """

    def __init__(self, app):
        self._app = app
        self._chats = []
        self._came = asyncio.Event()  # a chat is waiting
        self._history = []  # (bytes, entries) of each past turn
        self._count = 0
        self._id = None  # of the request that is waited for
        self._reply = None
        self._replied = asyncio.Event()
        self._refused = None  # why the last message on the reply topic was of no use

    def hear(self, chat):
        """Queue a chat message, or answer at once that too many are waiting."""
        if len(self._chats) >= _MAX_WAITING:
            self._answer(chat, "I am busy with %d other requests." % _MAX_WAITING, False)
            return
        self._chats.append(chat)
        self._came.set()

    def take_reply(self, payload):
        """Take a message from the proxy: a delta, a final reply, or something broken."""
        try:
            reply = wire.decode(wire.REPLY, payload)
            if reply["id"] != self._id:
                return  # late, or not ours
            if not reply.get("fin"):
                self._replied.set()  # a delta: the proxy is at work
                return
            wire.check_calls(reply.get("calls") or [])
        except wire.WireError as e:
            self._refused = str(e)
            self._app.refuse(wire.REPLY, str(e))
            return
        self._reply = reply
        self._replied.set()

    async def ask(self, prompt):
        """Have the model answer a rule or a script; return the answer, {"text", "ok"}.

        Such a turn may call what rules may do, and no more.
        """
        chat = {"id": "rule", "text": prompt, "done": asyncio.Event()}
        self.hear(chat)
        await chat["done"].wait()
        return chat["answer"]

    async def run(self):
        """Serve chats for ever."""
        self._report_interrupted()
        while True:
            await self._came.wait()
            while self._chats:
                await self._turn(self._chats.pop(0))
            self._came.clear()

    async def _turn(self, chat):
        done = []  # {"tool", "args", "result"}
        use = {}
        entries = [{"u": chat["text"][: wire.MAX_TEXT]}]
        app = self._app
        app.guard.due["turn"] = app.clock.uptime_ms() + _LONGEST_TURN_MS
        try:
            text = await self._rounds(chat, entries, done, use)
            ok = True
            if "done" not in chat:
                self._remember(entries)
        except TurnError as e:
            text = str(e)
            ok = False
        except Exception as e:  # MemoryError, or a bug: the person gets an answer all the same
            sys.print_exception(e)
            text = "I failed inside on this one: " + repr(e)
            ok = False
        del app.guard.due["turn"]
        if done:
            self._note({})
        self._answer(chat, text, ok, done, use)

    async def _rounds(self, chat, entries, done, use):
        for _ in range(_MAX_ROUNDS):
            reply = await self._ask(chat, entries)
            for key, value in reply.get("use", {}).items():
                use[key] = use.get(key, 0) + value if isinstance(value, int) else value
            if "err" in reply:
                raise TurnError(reply.get("why") or reply["err"])
            calls = reply.get("calls") or []
            say = reply.get("say") or ""
            if not calls:
                entries.append({"a": say})
                return say
            results = await self._carry_out(chat, calls, done, use)
            if reply.get("end"):
                failed = [r["error"] for r in results if "error" in r]
                if failed:
                    raise TurnError("; ".join(failed))
                text = wire.fill(say, results)
                entries.append({"a": text, "calls": calls})
                return text
            entries.append({"a": say, "calls": calls})
            entries.append({"r": [_bounded(r) for r in results]})
        raise TurnError("I gave up after %d rounds with the model." % _MAX_ROUNDS)

    async def _carry_out(self, chat, calls, done, use):
        # Noted before the first call, so that a reboot in the middle does not pass in silence.
        names = ", ".join([call["tool"] for call in calls])
        self._note({"id": chat["id"], "calls": names})
        results = []
        by = "chat " + chat["id"]
        if use.get("ud"):
            by += " for %d micro-dollars" % use["ud"]
        for call in calls:
            result = await self._app.tools.run(
                call["tool"], call["args"], "r" if "done" in chat else "m", by
            )
            results.append(result)
            done.append({"tool": call["tool"], "args": call["args"], "result": result})
            if "error" in result:
                break  # what follows may depend on it
        while len(results) < len(calls):
            results.append({"error": "not done, as a call before it failed"})
        return results

    def _note(self, turn):
        try:
            self._app.store.save("turn", turn)
        except OSError:
            pass  # a full flash costs the note, not the turn

    async def _ask(self, chat, entries):
        """Return the model's final reply; raises TurnError when none comes in time."""
        app = self._app
        from firmware import limits

        refusal = limits.call(app)
        unload("limits")
        if refusal:
            raise TurnError(refusal)
        ttl_ms = app.settings["llm.ttl_s"] * 1000
        start = app.clock.uptime_ms()
        self._count += 1
        self._id = "%s-%d" % (app.nonce, self._count)
        self._reply = self._refused = None
        tries = 0
        try:
            while True:
                left = ttl_ms - (app.clock.uptime_ms() - start)
                if left <= 0:
                    raise TurnError(self._why_silent())
                if await self._send(chat, entries, tries, left):
                    tries += 1
                    left = min(left, app.settings["llm.try_s"] * 1000)
                await self._wait_reply(min(left, ttl_ms))
                if self._reply:
                    return self._reply
        finally:
            self._id = None

    async def _send(self, chat, entries, tries, left_ms):
        """Publish one try; False if the link is down, after a wait for it."""
        app = self._app
        if app.link.up:
            request = {
                "id": self._id,
                "try": tries,
                "ttl": max(1, left_ms // 1000),
                "hash": app.tools.hash,
                "msgs": entries,
            }
            if "done" not in chat:
                request["msgs"] = [e for _, turn in self._history for e in turn] + entries
            names = {n: "gpio %d" % t["pin"] for n, t in app.devices.all.items()}
            names.update(app.memory)
            if names:
                request["mem"] = names
            now = app.clock.words()
            if now:
                request["now"] = now[:16]
            if chat.get("private") or app.settings["llm.private"]:
                request["private"] = True
            if chat.get("slo_ms"):
                request["slo_ms"] = chat["slo_ms"]
            try:
                await app.link.publish(app.topic(wire.REQUEST), wire.encode(request), 1)
                return True
            except OSError:
                pass  # the link went down: try again when it is up
        app.link.changed.clear()
        try:
            await asyncio.wait_for_ms(app.link.changed.wait(), left_ms)
        except asyncio.TimeoutError:
            pass  # the deadline: the caller says so
        return False

    async def _wait_reply(self, wait_ms):
        """Return when the final reply is there, or nothing has come for wait_ms."""
        while not self._reply and self._app.link.up:
            self._replied.clear()
            try:
                await asyncio.wait_for_ms(self._replied.wait(), wait_ms)
            except asyncio.TimeoutError:
                return

    def _why_silent(self):
        seconds = self._app.settings["llm.ttl_s"]
        if not self._app.link.up:
            why = "the broker cannot be reached (%s)" % self._app.link.last_error
        elif self._refused:
            why = "what came back was refused: " + self._refused
        else:
            why = "the proxy is silent"
        return "I could not reach my model within %d s: %s. Rules keep running." % (seconds, why)

    def _remember(self, entries):
        size = len(wire.encode(entries))
        self._history.append((size, entries))
        while sum([s for s, _ in self._history]) > _HISTORY_BYTES:
            self._history.pop(0)

    def _answer(self, chat, text, ok, done=None, use=None):
        message = {"id": chat["id"], "text": text, "ok": ok}
        if done:
            message["calls"] = done
        if use:
            message["use"] = use
        if "done" in chat:
            chat["answer"] = message
            chat["done"].set()
            return
        self._app.send(wire.ANSWER, message)

    def _report_interrupted(self):
        turn = self._app.store.load("turn", {})
        if turn:
            text = (
                "I restarted in the middle of this (%s): please check and ask again."
                % (turn["calls"])
            )
            self._answer(turn, text, False)
            self._note({})


def _bounded(result):
    if len(wire.encode(result)) <= _MAX_RESULT_BYTES:
        return result
    return {"error": "the result is longer than %d bytes" % _MAX_RESULT_BYTES}
