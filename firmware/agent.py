"""The agent: a sentence becomes a request, the reply's calls are carried out, an answer goes back.

One turn at a time. A turn that fails leaves nothing in the conversation. Calls of tools that the
board file lists under "confirm", and of what stores steps with them, wait for a person's yes.
Documents: "history" is the past turns, each a list of entries of wire's "msgs"; "turn" a note of
calls under way; "limits" the end and the count of an hour of calls to the model, and of a day.
"""

import asyncio
import sys

from micropython import const

from firmware import clock, wire

_MAX_ROUNDS = const(4)  # requests to the model in one turn
_LONGEST_TURN_MS = const(3600000)  # else the watchdog bites
_MAX_WAITING = const(4)  # chats that wait for their turn
_HISTORY_BYTES = const(820)  # of JSON; whole turns are dropped, the oldest first
_MAX_RESULT_BYTES = const(600)  # of one tool's result on its way to the model
_MAX_NOTE = const(80)  # characters: a small document costs the flash less
_DATE = const(1000000000)  # a time in s that only a clock that was set shows
_LOOK_MS = const(10)
_YES_MS = const(60000)
_RULE = const(0)  # key of an event in a chat that a rule or a script waits for; JSON has no such
_REPLIES = const(("yes", "y", "ok", "do it", "no", "n"))


class Agent:
    """The conversation of one board. app: the App."""

    def __init__(self, app):
        self._app = app
        self._chats = []
        self.history = app.store.load("history", [])
        self.calls = app.store.load("limits", [0, 0, 0, 0])
        self._asked = {}  # whether on the serial line -> (until ms, reply, what it would do)
        self._count = 0
        self._id = None  # of the last request
        self._reply = None
        self.refused = None  # why the last message on the reply topic was of no use
        self._wake = clock.Alarm()  # a chat or a reply has come

    def hear(self, chat):
        """Queue a chat message, or answer at once that too many are waiting."""
        if len(self._chats) < _MAX_WAITING:
            self._chats.append(chat)
            self._wake.set()
        else:
            text = "I am busy with %d other requests." % _MAX_WAITING
            self._answer(chat, {"text": text, "ok": False})

    def take_reply(self, payload):
        """Take a delta or a final reply from the proxy. Raises WireError for what is broken."""
        reply = wire.decode(wire.REPLY, payload)
        wire.check_calls(reply.get("calls") or [])
        if reply["id"] == self._id:  # else it is late, or not ours
            if reply.get("fin"):
                self._reply = reply
            self._wake.set()

    async def ask(self, prompt):
        """Have the model answer a rule or a script; return the answer, {"text", "ok"}.

        Such a turn may call what rules may do, and no more.
        """
        chat = {"id": "rule", "text": prompt, _RULE: asyncio.Event()}
        self.hear(chat)
        await chat[_RULE].wait()
        return chat

    async def run(self):
        """Serve chats for ever."""
        app = self._app
        turn = app.store.load("turn", {})
        if turn:
            text = "I restarted in the middle of this (%s): please check and ask again."
            answer = {"text": text % (turn.get("calls"),), "ok": False}
            self._answer({"id": str(turn.get("id"))}, answer)
            app.store.keep("turn", {})
        while True:
            while self._chats:
                await self._turn(self._chats.pop(0))
            await self._wake.wait(_LONGEST_TURN_MS)

    async def _turn(self, chat):
        app = self._app
        entries = [{"u": chat["text"][: wire.MAX_TEXT]}]
        answer = {"ok": False, "text": ""}
        app.guard.due["turn"] = app.clock.uptime_ms() + _LONGEST_TURN_MS
        try:
            text = await self._rounds(chat, entries, answer)
            answer["ok"] = True
            if _RULE not in chat:
                self.history.append(entries)
                while len(wire.encode(self.history)) > _HISTORY_BYTES:
                    self.history.pop(0)
        except ValueError as e:
            text = str(e)
        except Exception as e:  # MemoryError, or a bug: the person gets an answer all the same
            sys.print_exception(e)
            text = "I failed inside on this one: " + repr(e)
            self.history = []  # in case this is what it failed on
        answer["text"] += text
        entry = self._answer(chat, answer)
        while entry in app.outbox and app.link.up:
            await asyncio.sleep_ms(_LOOK_MS)
        # The person knows: from here on a reboot needs no word.
        if "calls" in answer:
            app.store.keep("turn", {})
        if answer["ok"] and _RULE not in chat:
            app.store.keep("history", self.history)
        del app.guard.due["turn"]

    async def _rounds(self, chat, entries, answer):
        """Return the text of the answer; what else is in it is added meanwhile.

        Raises ValueError for a turn that cannot be finished; the text says why, for a person.
        """
        app = self._app
        use = answer["use"] = {}
        serial = chat["id"] == "serial"
        confirmed = ""
        asked = _RULE not in chat and self._asked.pop(serial, None)
        if asked:
            word = chat["text"].lower().rstrip(" .!")
            undone = "Not done, as no yes came within 60 s: " + asked[2]
            if word not in _REPLIES:
                answer["text"] = undone + "\n"
            elif word[0] == "n" or app.clock.uptime_ms() > asked[0]:
                entries.append({"a": undone})
                return undone
            else:
                confirmed = ", confirmed"
        for _ in range(_MAX_ROUNDS):
            reply = asked[1] if confirmed else await self._ask(chat, entries)
            for key, value in (reply.get("use") or {}).items():
                use[key] = use.get(key, 0) + value if isinstance(value, int) else value
            if "err" in reply:
                if reply["err"] == "invalid":
                    self.history = []  # in case this is what the proxy does not take
                raise ValueError(reply.get("why") or reply["err"])
            calls = reply.get("calls")
            say = reply.get("say") or ""
            entry = {"a": say}
            entries.append(entry)
            if not calls:
                return say
            plan = _words(calls, "args")
            for tool in () if confirmed else app.board.get("confirm", ()):
                if repr(tool) in str(calls):  # or in the steps of a rule or a script
                    if _RULE in chat:
                        raise ValueError(tool + " needs a person's yes")
                    self._asked = {serial: (app.clock.uptime_ms() + _YES_MS, reply, plan)}
                    entry["a"] = "I would do this: %s\nSay yes within 60 s." % plan
                    return entry["a"]
            entry["calls"] = calls
            # Noted before the first call, so that a reboot in the middle does not pass in silence.
            app.store.keep("turn", {"id": chat["id"], "calls": plan[:_MAX_NOTE]})
            by = "chat " + chat["id"] + confirmed
            if use.get("ud"):
                by += " for %d micro-dollars" % use["ud"]
            if confirmed:
                use.clear()  # it was told with the question
            done = answer.setdefault("calls", [])
            results = []
            for call in calls:
                who = "r" if _RULE in chat else "m"
                result = await app.tools.run(call["tool"], call["args"], who, by)
                failed = result.get("error")
                done.append(dict(call, result=result))
                if len(wire.encode(result)) > _MAX_RESULT_BYTES and not reply.get("end"):
                    result = {"error": "the result is longer than %d bytes" % _MAX_RESULT_BYTES}
                results.append(result)
                if failed:
                    break  # what comes after it may depend on it
            if reply.get("end") or confirmed:
                if failed:
                    raise ValueError(failed)
                if reply.get("end"):
                    entry["a"] = wire.fill(say, dict(zip("01234567", results)))
                else:
                    entry["a"] = _words(done, "result")
                return entry["a"]
            entries.append({"r": results})
        raise ValueError("I gave up after %d rounds with the model." % _MAX_ROUNDS)

    async def _ask(self, chat, entries):
        """Return the model's final reply. Raises ValueError when none comes in time."""
        app = self._app
        self._count_call()
        link = app.link
        settings = app.settings
        self._count += 1
        self._id = "%s-%d" % (app.nonce[:8], self._count)
        self._reply = self.refused = None
        request = {"id": self._id, "try": -1, "hash": app.tools.hash, "msgs": entries}
        if _RULE not in chat:
            request["msgs"] = sum(self.history, []) + entries
        names = dict(app.memory)
        for name, thing in app.pins.things.items():
            names[name] = "gpio %d" % thing["pin"]
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
        entry = None
        while True:
            left = deadline - app.clock.uptime_ms()
            if entry in app.outbox:
                app.outbox.remove(entry)  # it was never sent, and is out of date
            else:
                request["try"] += 1
            if left <= 0:
                break
            request["ttl"] = (left + 999) // 1000
            entry = app.send(wire.REQUEST, request)
            while not self._reply:  # a delta: the proxy is at work
                if not await self._wake.wait(min(left, settings["llm.try_s"] * 1000)):
                    break
            else:
                return self._reply
        why = "the proxy is silent"
        if not link.up:
            why = "the broker cannot be reached (%s)" % link.last_error
        elif self.refused:
            why = "what came back was refused: " + self.refused
        text = "I could not reach my model within %d s: %s. Rules keep running."
        raise ValueError(text % (settings["llm.ttl_s"], why))

    def _count_call(self):
        """Count a call to the model. Raises ValueError if there must be none now."""
        app = self._app
        calls = self.calls
        now = app.clock.now_s()
        i = 0
        for word, span in (("hour", 3600), ("day", 86400)):
            late = now - calls[i]
            if not -span <= late < 0:
                calls[i] = now + span
                if 0 <= late < _DATE:  # else the clock was set meanwhile
                    calls[i + 1] = 0
            limit = app.settings["limits.calls_per_" + word]
            if calls[i + 1] >= limit:
                text = "%d model calls in one %s is the limit; next in %d min"
                raise ValueError(text % (limit, word, (calls[i] - now) // 60 + 1))
            calls[i + 1] += 1
            i += 2
        app.store.keep("limits", calls)

    def _answer(self, chat, answer):
        answer["id"] = chat["id"]
        if _RULE in chat:
            chat.update(answer)
            chat[_RULE].set()
        else:
            return self._app.send(wire.ANSWER, answer)


def _words(calls, key):
    """Return calls with their arguments or results, for a person."""
    text = ""
    for call in calls:
        text += "; %s %s" % (call["tool"], call[key])
    return text[2:].replace("'", "")
