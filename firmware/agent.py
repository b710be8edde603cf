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
_HISTORY_BYTES = const(820)  # of JSON; whole turns are dropped, the oldest first
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
        self._history = []  # the entries of each past turn
        self._count = 0
        self._id = None  # of the last request
        self._reply = None
        self._refused = None  # why the last message on the reply topic was of no use
        self.wake = asyncio.Event()  # a chat or a reply has come, or the link is up

    def hear(self, chat):
        """Queue a chat message, or answer at once that too many are waiting."""
        if len(self._chats) >= _MAX_WAITING:
            text = "I am busy with %d other requests." % _MAX_WAITING
            self._answer(chat, {"text": text, "ok": False})
            return
        self._chats.append(chat)
        self.wake.set()

    def take_reply(self, payload):
        """Take a delta or a final reply from the proxy. Raises WireError for what is broken."""
        try:
            reply = wire.decode(wire.REPLY, payload)
            wire.check_calls(reply.get("calls") or [])
        except wire.WireError as e:
            self._refused = str(e)
            raise
        if reply["id"] == self._id:  # else it is late, or not ours
            if reply.get("fin"):
                self._reply = reply
            self.wake.set()

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
        store = self._app.store
        turn = store.load("turn", {})
        if turn:
            text = "I restarted in the middle of this (%s): please check and ask again."
            self._answer(turn, {"text": text % turn["calls"], "ok": False})
            store.keep("turn", {})
        while True:
            while self._chats:
                await self._turn(self._chats.pop(0))
            self.wake.clear()
            await self.wake.wait()

    async def _turn(self, chat):
        app = self._app
        entries = [{"u": chat["text"][: wire.MAX_TEXT]}]
        answer = {"ok": False}
        app.guard.due["turn"] = app.clock.uptime_ms() + _LONGEST_TURN_MS
        try:
            answer["text"] = await self._rounds(chat, entries, answer)
            answer["ok"] = True
            if "done" not in chat:
                self._history.append(entries)
                while len(wire.encode(self._history)) > _HISTORY_BYTES:
                    self._history.pop(0)
        except TurnError as e:
            answer["text"] = str(e)
        except Exception as e:  # MemoryError, or a bug: the person gets an answer all the same
            sys.print_exception(e)
            answer["text"] = "I failed inside on this one: " + repr(e)
        del app.guard.due["turn"]
        if "calls" in answer:
            app.store.keep("turn", {})
        self._answer(chat, answer)

    async def _rounds(self, chat, entries, answer):
        """Return the text of the answer, whose "calls" and "use" are added to it meanwhile."""
        app = self._app
        use = answer["use"] = {}
        for _ in range(_MAX_ROUNDS):
            reply = await self._ask(chat, entries)
            for key, value in (reply.get("use") or {}).items():
                use[key] = use.get(key, 0) + value if isinstance(value, int) else value
            if "err" in reply:
                raise TurnError(reply.get("why") or reply["err"])
            calls = reply.get("calls")
            say = reply.get("say") or ""
            entry = {"a": say}
            entries.append(entry)
            if not calls:
                return say
            entry["calls"] = calls
            # Noted before the first call, so that a reboot in the middle does not pass in silence.
            names = ", ".join([call["tool"] for call in calls])
            app.store.keep("turn", {"id": chat["id"], "calls": names})
            by = "chat " + chat["id"]
            if use.get("ud"):
                by += " for %d micro-dollars" % use["ud"]
            done = answer.setdefault("calls", [])
            results = []
            failed = None
            for call in calls:
                result = {"error": "not done, as a call before it failed"}
                if not failed:  # else it may depend on what failed
                    who = "r" if "done" in chat else "m"
                    result = await app.tools.run(call["tool"], call["args"], who, by)
                    failed = result.get("error")
                    done.append({"tool": call["tool"], "args": call["args"], "result": result})
                if len(wire.encode(result)) > _MAX_RESULT_BYTES and not reply.get("end"):
                    result = {"error": "the result is longer than %d bytes" % _MAX_RESULT_BYTES}
                results.append(result)
            if reply.get("end"):
                if failed:
                    raise TurnError(failed)
                entry["a"] = wire.fill(say, dict(zip("01234567", results)))
                return entry["a"]
            entries.append({"r": results})
        raise TurnError("I gave up after %d rounds with the model." % _MAX_ROUNDS)

    async def _ask(self, chat, entries):
        """Return the model's final reply; raises TurnError when none comes in time."""
        app = self._app
        link = app.link
        settings = app.settings
        from firmware import limits

        refusal = limits.call(app)
        unload("limits")
        if refusal:
            raise TurnError(refusal)
        self._count += 1
        self._id = "%s-%d" % (app.nonce, self._count)
        self._reply = self._refused = None
        request = {"id": self._id, "try": 0, "hash": app.tools.hash, "msgs": entries}
        if "done" not in chat:
            request["msgs"] = sum(self._history, []) + entries
        names = {n: "gpio %d" % t["pin"] for n, t in app.pins.things.items()}
        names.update(app.memory)
        if names:
            request["mem"] = names
        now = app.clock.words()
        if now:
            request["now"] = now[:16]
        if chat.get("private") or settings["llm.private"]:
            request["private"] = True
        if chat.get("slo_ms"):
            request["slo_ms"] = chat["slo_ms"]
        deadline = app.clock.uptime_ms() + settings["llm.ttl_s"] * 1000
        while True:
            left = deadline - app.clock.uptime_ms()
            if left <= 0:
                break
            sent = False
            if link.up:
                request["ttl"] = max(1, left // 1000)
                body = wire.encode(request)
                request["try"] += 1  # it may arrive, whatever becomes of the acknowledgement
                try:
                    await link.publish(app.topic(wire.REQUEST), body)
                    sent = True
                    left = min(left, settings["llm.try_s"] * 1000)
                except OSError:
                    pass  # the link went down: try again when it is up
            try:
                while not self._reply:  # a delta: the proxy is at work
                    self.wake.clear()
                    await asyncio.wait_for_ms(self.wake.wait(), left)
                    if not sent:
                        break
            except asyncio.TimeoutError:
                pass
            if self._reply:
                return self._reply
        why = "the proxy is silent"
        if not link.up:
            why = "the broker cannot be reached (%s)" % link.last_error
        elif self._refused:
            why = "what came back was refused: " + self._refused
        text = "I could not reach my model within %d s: %s. Rules keep running."
        raise TurnError(text % (settings["llm.ttl_s"], why))

    def _answer(self, chat, answer):
        answer["id"] = chat["id"]
        if "done" in chat:
            chat["answer"] = answer
            chat["done"].set()
        else:
            self._app.send(wire.ANSWER, answer)
