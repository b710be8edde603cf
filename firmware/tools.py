"""The tools: what a call must look like, and how it is carried out.

tools.txt is the catalogue, one line a tool, `module who ["name","text",[arguments]]`; it stays on
the flash and a line is read when it is needed. Adding a tool is a line there and a function in its
module. An argument is [name, type, limits...]; "name?" may be left out. Types:
    "pin" need           a GPIO number, or the name of a thing or of a pin in memory; need is 0
                         if its level is read, 1 if it is driven, 2 if its voltage is measured
    "int" lo hi          a whole number
    "num" lo hi          a number
    "str" max            text of 1 to max characters
    "enum" "a|b|c"       one of the words
    "bool"               true or false
    "hex" max            hexadecimal text of 1 to max bytes
    "obj" [arguments]    an object, of these or of those in the row that is named; without, any
    "list" [argument]    a list, each item such an argument
    "any"                anything
Who may call a tool: "m" the model in a conversation, "s" the steps of rules and scripts; "w" marks
one that changes something outside (a pin, a bus), which the journal keeps; "-" is a row that
is no tool, but what an "obj" has in it.
"""

import binascii
import json
import sys

import firmware

_TABLE = __file__[:-3] + "txt"  # it lies beside tools.mpy, in the same slot
_MAX_LINE = 2048  # bytes of a line in it


class ToolError(ValueError):
    """A call that cannot be carried out; the text says what would be right."""


class Tools:
    """The tools of one board: validates a call against the table and carries it out.

    app: what tool functions work on; has pins, memory, rules, clock, link, store.
    scripts: those that are stored, by name; steps.py says what a script is. running: name -> task
    of those scripts that a conversation started.
    """

    def __init__(self, app):
        self._app = app
        self.scripts = app.store.load("scripts", {})
        self.running = {}
        self._name = None  # of the last row that was asked for
        self._index = {}  # hash of a name, a string would take more heap -> place of its line
        with open(_TABLE, "rb") as table:
            at = 0
            for line in table:
                size = len(line)
                self._index[hash(line.split(b'"', 2)[1].decode())] = at * _MAX_LINE + size
                at += size
        self.refresh()

    def refresh(self):
        """Take the hash of the catalogue again: a script came or went."""
        digest = 0
        for row in self.catalogue():
            digest = binascii.crc32(row, digest)
        self.hash = "%08x" % digest

    def catalogue(self):
        """Yield the rows that a model may call, as JSON: ["name","text",[arguments]]."""
        with open(_TABLE, "rb") as table:
            for line in table:
                _, who, row = line.split(b" ", 2)
                if b"m" in who:
                    yield row[:-1]
        for name, script in self.scripts.items():
            args = []
            for param in script["params"]:
                args.append((param, "any"))
            yield json.dumps((name, script["description"] or "A script.", args)).encode()

    def row(self, name):
        """Return (module, who, arguments) of a tool, ("", "", ()) if there is none."""
        if name != self._name:  # else a rule that polls asks the flash each time
            self._row = "", "", ()
            at = self._index.get(hash(name))
            if at is not None:
                with open(_TABLE, "rb") as table:
                    table.seek(at // _MAX_LINE)  # readline would read each byte by itself
                    module, who, row = table.read(at % _MAX_LINE).decode().split(" ", 2)
                row = json.loads(row)
                if row[0] == name:
                    self._row = module, who, row[2]
            self._name = name
        return self._row

    def check(self, name, args, who, looking=False):
        """Return (module, who, args with numbers for pins) of a call that the table allows.

        who: "m" a model, "r" a model asked by a rule, "s" a step. looking: the call is for later:
        arguments such as "$pin" have no value yet. Raises ToolError for any other call.
        """
        name = str(name)
        module, callers, specs = self.row(name)
        if callers[:2] != "ms" if who == "r" else who not in callers:
            raise ToolError("there is no tool %s here" % name[:32])
        return module, callers, self.fit(name, ("args", "obj", specs), args, looking)

    async def run(self, name, args, who, by):
        """Carry out one call and return its result, a dict; {"error": why} if it failed.

        who: as in `check`. by: what the journal names as the cause, "chat 3f-1" or "rule blink".
        """
        module = ""
        try:
            if name in self.scripts:  # a model calls it by its own name
                name, args = "script_run", {"name": name, "args": args}
            module, callers, args = self.check(name, args, who)
            function = getattr(__import__("firmware." + module, None, None, (name,)), name)
            result = function(self._app, **args)
            if hasattr(result, "send"):  # a coroutine: the tool takes its time
                result = await result
        except ValueError as e:  # ToolError, of pins, or what a driver does not take
            result = {"error": str(e)}
        except (OSError, MemoryError) as e:
            result = {"error": "%s failed: %s" % (name, e)}
        if module:
            if module[:5] == "tool_":
                unload(module)
            if "w" in callers:
                self._app.store.note(by, name, args, result)
        return result

    def fit(self, tool, spec, value, looking=False):
        """Return a value as tools take it. Raises ToolError unless its spec allows it."""
        key = spec[0].rstrip("?")
        kind = spec[1]
        good = True
        if kind == "obj":
            good = isinstance(value, dict)
            want = "an object"
        elif kind == "list":
            good = isinstance(value, list)
            want = "a list"
        elif looking and isinstance(value, str) and value[:1] == "$":
            return value
        elif kind == "pin":
            number = self._app.pins.check(self.pin(value), spec[2])
            return value if looking else number
        elif kind == "int" or kind == "num":
            good = isinstance(value, (int, float)) and spec[2] <= value <= spec[3]
            want = "a number from %s to %s" % tuple(spec[2:])
            if good and kind == "int":
                good = value == int(value)
                value = int(value)
        elif kind == "str":
            good = isinstance(value, str) and 0 < len(value) <= spec[2]
            want = "text of 1 to %d characters" % spec[2]
        elif kind == "hex":
            try:
                good = 0 < len(binascii.unhexlify(value)) <= spec[2]
            except (TypeError, ValueError):
                good = False
            want = "1 to %d bytes in hex" % spec[2]
        elif kind == "enum":
            good = value in spec[2].split("|")
            want = "one of " + spec[2]
        elif kind == "bool":
            good = isinstance(value, bool)
            want = "true or false"
        if not good:
            raise ToolError("%s: %s must be %s" % (tool, key, want))
        if kind not in ("obj", "list") or len(spec) < 3:
            return value
        inner = spec[2]
        if kind == "list":
            items = []
            for item in value:
                where = "%s: %s %d" % (tool, inner[0], len(items) + 1)
                items.append(self.fit(where, inner, item, True))
            return items
        fields = {}
        for spec in self.row(inner)[2] if isinstance(inner, str) else inner:
            name = spec[0].rstrip("?")
            if value.get(name) is not None:
                fields[name] = self.fit(tool, spec, value[name], looking)
            elif name == spec[0]:
                raise ToolError("%s: %s needs %s" % (tool, key, name))
        for name in value:
            if name not in fields and value[name] is not None:
                raise ToolError("%s: %s has no argument %s" % (tool, key, name[:32]))
        return fields

    def pin(self, value):
        """Return the GPIO number of a number or name. Raises ToolError for an unknown name."""
        if isinstance(value, str):
            thing = self._app.pins.things.get(value)
            if thing:
                return thing["pin"]
            number = self._app.memory.get(value, value).split(" ")[-1]
            if number.isdigit():
                value = int(number)
        if isinstance(value, int):
            return value
        raise ToolError("no pin is called %s; remember its number first" % str(value)[:32])


def said(place):
    """Return what the build has moved to words.txt: where it begins there * 256 + its length."""
    try:
        with open(_TABLE[:-9] + "words.txt") as table:
            table.seek(place // 256)
            return table.read(place % 256)
    except OSError:
        return "?"


def known(things, name):
    """Return what has a name among a board's rules, scripts, devices or facts, or ToolError."""
    if name not in things:
        raise ToolError("there is no %s; there are: %s" % (name, ", ".join(things)))
    return things[name]


def room(things, name, most):
    """Raise ToolError if things are too many for one more of this name."""
    if name not in things and len(things) >= most:
        raise ToolError("there are %d, the most: delete one first" % most)


def unload(name):
    """Forget a module that takes heap only while it works, and keeps no state."""
    if sys.modules.pop("firmware." + name, None):
        delattr(firmware, name)
