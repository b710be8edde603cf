"""What an operator signs: commands, and the settings that he desires. Loaded for the first one.

Decision 0015 has the contract, host/signing.py the other end. What has no right MAC is not
answered. Document "desired" is [the version that was taken last].
"""

import asyncio
import binascii
import hashlib

from micropython import const

from firmware import settings, wire

_DIGITS = const(64)  # of a MAC, and of a key; SHA-256 takes as many bytes at once
_MAX_RUNNING = const(4)
_MAX_RESULTS = const(4096)  # bytes of JSON
_QUIET_MS = const(60000)  # from one word about a message that nobody signed to the next
_TOLD = const(0)  # places in _state: uptime at the last such word
_N = const(1)  # the counter of the last command
_RUNNING = const(2)  # how many are carried out now
_state = [-_QUIET_MS, 0, 0]
_FIELDS = ("tags", "llm", "limits")  # nothing that could cut the board off
_TOOLS = {"tz": ("set_timezone", "UTC"), "persona": ("set_persona", "neutral")}


def take(app, kind, payload):
    """Take what came on down/cmd or down/desired, a memoryview, and carry it out later.

    Raises ValueError that says what is wrong with it, once a minute at most.
    """
    key = app.settings["cmd_key"]
    nonce = app.nonce if kind == wire.COMMAND else ""
    try:
        wrong = len(key) != _DIGITS or len(payload) < _DIGITS
        if not wrong:
            head = "%s\n%s\n" % (app.topic(kind), nonce)
            for a, b in zip(_mac(int(key + "0" * _DIGITS, 16), head, payload[_DIGITS:]), payload):
                wrong |= a ^ b  # all digits, so that the time it takes tells nothing
        if wrong:
            raise ValueError("nobody signed it")
        message = wire.decode(kind, payload[_DIGITS:])
        if not nonce:
            asyncio.create_task(_desire(app, message["v"], message["set"]))
        elif message["n"] <= _state[_N]:
            raise ValueError("it came before")
        else:
            _state[_N] = message["n"]
            asyncio.create_task(_carry_out(app, message))
    except ValueError:
        now = app.clock.uptime_ms()
        if now - _state[_TOLD] < _QUIET_MS:
            return
        _state[_TOLD] = now
        raise


def _mac(key, head, body):
    """Return HMAC-SHA256 in hex. key: as the number that its block of 64 bytes is."""
    inner = hashlib.sha256((key ^ int("36" * 64, 16)).to_bytes(64, "big"))
    inner.update(head)
    inner.update(body)
    outer = hashlib.sha256((key ^ int("5c" * 64, 16)).to_bytes(64, "big"))
    outer.update(inner.digest())
    return binascii.hexlify(outer.digest())


async def _carry_out(app, command):
    now = app.clock.unix_s()
    done = []
    answer = {"id": command["id"], "n": command["n"], "ok": False, "res": done}
    if app.clock.is_set() and command.get("exp", now) < now:
        answer["err"] = "expired"
    elif _state[_RUNNING] >= _MAX_RUNNING:
        answer["err"] = "busy"
    else:
        _state[_RUNNING] += 1
        size = 0
        try:
            for call in wire.check_calls(command["calls"]):
                by = "command " + command["id"]
                result = await app.tools.run(call["tool"], call["args"], "m", by)
                size += len(wire.encode(result))
                if size > _MAX_RESULTS:
                    result = {"error": "the results are longer than %d bytes" % _MAX_RESULTS}
                done.append(dict(call, result=result))
                if "error" in result:
                    raise ValueError(result["error"])
            answer["ok"] = True
        except Exception as e:  # whatever it is, he who asked is answered
            answer["err"] = "failed"
            answer["why"] = str(e)
        _state[_RUNNING] -= 1
    app.send(wire.RESULT, answer)


async def _desire(app, version, wanted):
    store = app.store
    last = store.load("desired", [0])
    if store.closed or version < last[0]:
        return  # safe mode, or an older one that somebody sends again
    answer = {"v": version}
    try:
        if version > last[0]:
            values = {}
            for field in wanted:
                if field.split(".")[0] in _FIELDS:
                    values[field] = wanted[field]
                elif field not in _TOOLS:
                    raise ValueError(field + " cannot be set from afar")
            if values:
                app.settings.update(settings.change(values))
                app.sources_changed()
                app.announce()
            for field in _TOOLS:
                if field in wanted:
                    tool, default = _TOOLS[field]
                    args = {tool[4:]: wanted[field] or default}
                    result = await app.tools.run(tool, args, "m", "desired")
                    if "error" in result:
                        raise ValueError(result["error"])
            store.save("desired", [version])
    except (OSError, ValueError) as e:
        answer["err"] = str(e)
    now = answer["set"] = {}
    for field in wanted:
        if field in _TOOLS:
            now[field] = app.persona if field == "persona" else app.clock.zone_name
        elif field.split(".")[0] in _FIELDS:
            now[field] = app.settings.get(field)
    app.send(wire.REPORTED, answer)
