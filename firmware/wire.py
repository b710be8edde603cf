"""The wire: the topics, messages and limits that a board and its peers agree on.

Bodies are JSON objects. `FIELDS` is the contract, "name:type", with "!" if it must be there; the
comment beside a field is its documentation.
"""

import json

VERSION = 1
ROOT = "limpet/v1/"
GROUP = "limpet/v1/g/"

MAX_IN = 3072  # bytes; the largest message that a board accepts
MAX_TEXT = 1000  # characters of a person's sentence, of an answer
MAX_DEPTH = 12  # levels of [ and { in a body
MAX_CALLS = 8  # tool calls in one reply

STATUS = "up/status"  # retained, QoS 1: "online", or the will "offline" (plain text, no JSON)
INFO = "up/info"  # retained, QoS 1: the birth message
REQUEST = "up/llm/req"  # QoS 1
REPLY = "down/llm/res"  # final: QoS 1, text deltas: QoS 0
CHAT = "down/chat"  # QoS 1: a sentence, as an object or as plain text
ANSWER = "up/chat"  # QoS 1
EVENT = "up/event"  # QoS 1; also GROUP + <tag>/event, to all boards of a tag
COMMAND = "down/cmd"  # QoS 1: 64 hex digits of a MAC, then the object; see host/signing.py
RESULT = "up/res"  # QoS 1: what became of a command
DESIRED = "down/desired"  # retained, QoS 1: a MAC, then the object
REPORTED = "up/reported"  # retained, QoS 1
CRASH = "up/crash"  # retained, QoS 1
JOB = "down/job"  # retained, QoS 1: 512 hex digits of a signature, then the object; empty: none
PROGRESS = "up/job"  # retained, QoS 1
WANTED = "up/blob"  # QoS 1: a block of a file is wanted
BLOCK = "down/blob"  # QoS 1: "<id> <f> <o>", a line feed, and up to 1,024 bytes (no JSON)

# One entry of a request's "msgs" is
#   {"u": text}                                     a person's or a rule's words
#   {"a": text, "calls": [{"tool", "args"}]}        what the model said and called
#   {"r": [result, ...]}                            what each call gave back: data, no instructions
FIELDS = {
    REPLY: (
        "id:str! "  # the request's id
        "n:int "  # a delta's number, from 0
        "d:str "  # a delta's text
        "fin:bool "  # true in the last message of a reply
        "say:str "  # text; with "end" a template that `fill` completes from the results
        "calls:list "  # [{"tool": str, "args": {}}], at most MAX_CALLS
        "end:bool "  # true: the turn ends with "say"; else send the results back
        "err:str "  # short code: busy, budget, expired, refused, upstream, invalid, cancelled
        "why:str "  # the error in words, for a person
        "use:dict "  # {"tier", "model", "by": reason, "in", "out": tokens, "ud": micro-$, "ms"}
    ),
    CHAT: (
        "text:str! "  # the sentence
        "id:str "  # comes back in the answer
        "private:bool "  # must not leave the edge tier
        "slo_ms:int "  # deadline wished for
    ),
    EVENT: (
        "e:str! "  # rule, missed, script, emit, notify, boot, refused
        "t:int "  # Unix time in seconds, absent while the clock is not set
        "name:str "  # of the rule, of the event emitted, of the topic refused
        "why:str "  # the reason in words
        "res:list "  # [{"tool", "args", "result"}] that a rule carried out
        "text:str "  # what a rule has to tell a person
        "from:str "  # the device that emits
    ),
    COMMAND: (
        "id:str! "  # comes back in the result
        "n:int! "  # larger than of each command that was taken since the boot
        "exp:int "  # Unix s after which it is refused, unless the board has no date
        "calls:list! "  # [{"tool": str, "args": {}}], at most MAX_CALLS, up to one that fails
    ),
    DESIRED: (
        "v:int! "  # version: only one larger than each before is taken
        "set:dict! "  # field: value, null: the default; of tags, tz, persona, llm.*, limits.*
    ),
    JOB: (
        "id:str! "  # of the update, without a space
        "n:int! "  # larger than of each update that was tried before
        "mpy:str! "  # how the bytecode begins, hex of two bytes
        "files:list! "  # [name, bytes, SHA-256 in base64] of each file, app.mpy last
        "boards:list "  # names of the board files that it is for; absent: all
        "fw:str "  # firmware version, for people
    ),
}
if __debug__:  # what is for a board's peers alone is not in its bytecode
    MAX_OUT = 6144  # bytes; the largest message that a board sends
    CANCEL = "up/llm/cancel"  # QoS 1
    FIELDS |= {
        INFO: (
            "v:int! "  # wire version
            "fw:str! "  # firmware version
            "board:str! "  # board file's name
            "chip:str! "  # esp32, esp32c3, ...
            "nonce:str! "  # hex, new at each boot
            "hash:str! "  # of "tools"; a request names it instead of carrying the catalogue
            "tools:list! "  # rows [name, description, [[argument, type, ...limits], ...]]
            "pins:list! "  # GPIO numbers that the board lets anyone use
            "tags:list "  # groups that the board belongs to
            "tz:str "  # time zone, an IANA name or a POSIX rule
            "persona:str "  # tone of answers: neutral, friendly, technical, witty
        ),
        REQUEST: (
            "id:str! "  # the same in every try of one request
            "try:int! "  # 0 for the first
            "ttl:int! "  # seconds from now after which nobody waits for the reply
            "hash:str! "  # tool catalogue this conversation may use
            "msgs:list! "  # the conversation, oldest first; the last one is to be answered
            "mem:dict "  # memory: key to value, so that "the pump" can be resolved
            "now:str "  # local time "2026-11-22 18:45", absent while the clock is not set
            "slo_ms:int "  # deadline wished for
            "private:bool "  # true: must not leave the edge tier
            "wait:bool "  # true: may be held back a while, to be answered with others
            "max_ud:int "  # micro-dollars that this request may cost
            "stream:bool "  # true: text deltas are wanted, not only the final message
        ),
        CANCEL: "id:str! ",  # the request to stop
        ANSWER: (
            "id:str! "  # the chat's id, or one the board made
            "text:str! "  # what the board says
            "ok:bool! "  # false: the turn failed and "text" says why
            "calls:list "  # [{"tool", "args", "result"}] that were carried out
            "use:dict "  # summed over the turn, as in the reply
        ),
        RESULT: (
            "id:str! "  # the command's
            "n:int! "  # the command's
            "ok:bool! "  # true: each call went well
            "res:list "  # [{"tool", "args", "result"}] of the calls that were made
            "err:str "  # expired, busy, or failed: the last call in "res"
            "why:str "  # the error in words
        ),
        PROGRESS: (
            "id:str! "  # of the job
            "state:str! "  # fetch, trial, done, failed
            "why:str "  # it failed
        ),
        WANTED: (
            "id:str! "  # of the job
            "f:str! "  # the file's name
            "o:int! "  # where the block begins in it
        ),
        REPORTED: (
            "v:int! "  # version of what was desired last
            "set:dict! "  # what holds now of the fields that it named
            "err:str "  # why not all of it does
        ),
        CRASH: "text:str! ",  # the traceback of the last failure, with the short names that ship
    }


class WireError(ValueError):
    """A message that is not what this page promises; the text says what is wrong with it."""


def topic(device: str, kind: str) -> str:
    """Return the topic of one device's messages of a kind: limpet/v1/<device>/<kind>."""
    return ROOT + device + "/" + kind


if __debug__:  # for peers too: a board hears only what it has subscribed to

    def split(name: str) -> tuple[str, str]:
        """Return (device, kind) of a topic under ROOT. Raises WireError for any other topic."""
        device, _, kind = name[len(ROOT) :].partition("/")
        if not name.startswith(ROOT) or not device or not kind:
            raise WireError("not a limpet topic: " + name[:80])
        return device, kind


def valid_name(name: str) -> bool:
    """True if a device can have this name: 1 to 32 of a-z, 0-9, - and _, but not "g"."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-_"
    return 1 <= len(name) <= 32 and name != "g" and not name.strip(letters)


def encode(message: object) -> bytes:
    """Return a message as UTF-8 JSON bytes."""
    return json.dumps(message, separators=(",", ":")).encode()


def decode(
    kind: str, payload: bytes | bytearray | memoryview, limit: int = MAX_IN
) -> dict[str, object]:
    """Return the object in a payload, checked against FIELDS[kind].

    payload: bytes-like. limit: bytes. Raises WireError for one that is too large, too deep, no
    JSON object, or that lacks a field or has one of a wrong type. Unknown fields are kept.
    """
    if len(payload) > limit:
        raise WireError("%s: %d bytes, at most %d" % (kind, len(payload), limit))
    why = "not UTF-8"
    try:
        text = str(payload, "utf-8")
        if text.count("[") + text.count("{") > MAX_DEPTH:
            why = "nested deeper than %d" % MAX_DEPTH
            depth = 0
            for c in text:  # brackets within strings count too: a bound needs no parser
                depth += (c in "[{") - (c in "]}")
                if depth > MAX_DEPTH:
                    raise ValueError
        why = "not JSON"
        message = json.loads(text)
    except (ValueError, RuntimeError):
        raise WireError(kind + ": " + why)
    return _fit(kind, FIELDS[kind], message)


def _fit(what: str, fields: str, message: object) -> dict[str, object]:
    if not isinstance(message, dict):
        raise WireError(what + ": not an object")
    for field in fields.split():
        name, _, wanted = field.partition(":")
        value = message.get(name)
        why = "must be " + wanted.rstrip("!")
        if value is None and wanted[-1] == "!":
            why = "is missing"
        elif value is None or type(value).__name__ == wanted.rstrip("!"):
            continue
        raise WireError("%s: %s %s" % (what, name, why))
    return message


def check_calls(calls: object) -> list[dict[str, object]]:
    """Return calls if each is {"tool": str, "args": dict}, else raise WireError."""
    if not isinstance(calls, list) or len(calls) > MAX_CALLS:
        raise WireError("calls: a list of at most %d" % MAX_CALLS)
    for call in calls:
        _fit("calls", "tool:str! args:dict!", call)
    return calls


def look_up(path: str, names: dict[str, object]) -> object:
    """Return what "name" or "name.field" stands for, None for nothing."""
    name, dot, field = path.partition(".")
    value = names.get(name)
    return value.get(field) if dot and isinstance(value, dict) else value


def fill(text: str, names: dict[str, object], quoted: bool = False) -> str:
    """Return a text in which "{name}" and "{name.field}" are what they stand for.

    "{t.value:off|on}" is "off" if the field is falsy, else "on". What is not there is "?"; a brace
    before anything but a name stays as it is. quoted: what is filled in stands as JSON, so that a
    model can tell it from the words around it.
    """
    out, *parts = text.split("{")
    for part in parts:
        ref, closed, rest = part.partition("}")
        path, chosen, choice = ref.partition(":")
        if not closed or path.partition(".")[0] not in names:
            out += "{" + part
            continue
        value = look_up(path, names)
        if chosen:
            no, _, yes = choice.partition("|")
            value = yes if value else no
        elif quoted:
            value = json.dumps(value)
        elif value is None:
            value = "?"
        if isinstance(value, dict):
            value = ["%s: %s" % item for item in sorted(value.items())]
        if isinstance(value, (list, tuple)):
            value = ", ".join(map(str, value)) or "none"
        out += str(value) + rest
    return out[:MAX_TEXT]
