"""The tool catalogue: one row a tool. Adding a tool is a row here and a function in its module.

An argument is (name, type, *limits); "name?" may be left out. Types:
    "pin"                a GPIO number, or a name that memory maps to one ("pump": "gpio 5")
    "int" lo hi          a whole number
    "num" lo hi          a number
    "str" max            text of 1 to max characters
    "enum" "a|b|c"       one of the words
    "bool"               true or false
    "hex" max            hexadecimal text of 1 to max bytes
    "obj"                an object
    "when"               a rule's trigger, checked by rules.py
    "steps"              [{"tool", "args"}, ...]

Who may call a tool: "m" the model in a conversation, "s" the steps of rules and scripts; "w" marks
one that changes something outside (a pin, a bus), which the journal keeps.
"""

import binascii
import hashlib
import json
import sys

import firmware
from firmware import wire
from firmware.pins import PinError

# name, module, who, description, arguments
TOOLS = (
    (
        "gpio_write",
        "tool_pins",
        "msw",
        "Set an output pin to 0 (off) or 1 (on).",
        (("pin", "pin"), ("value", "int", 0, 1)),
    ),
    ("gpio_read", "tool_pins", "ms", "Read whether a pin is 0 or 1.", (("pin", "pin"),)),
    ("gpio_read_all", "tool_pins", "ms", "Read all usable pins.", ()),
    ("gpio_toggle", "tool_pins", "msw", "Invert an output pin.", (("pin", "pin"),)),
    (
        "memory_set",
        "tool_memory",
        "ms",
        "Remember a fact, or a name for a pin, under a key.",
        (("key", "str", 32), ("value", "str", 160)),
    ),
    ("memory_get", "tool_memory", "ms", "Recall what a key holds.", (("key", "str", 32),)),
    ("memory_list", "tool_memory", "m", "List all that is remembered.", ()),
    ("memory_delete", "tool_memory", "ms", "Forget a key.", (("key", "str", 32),)),
    (
        "rule_set",
        "tool_rules",
        "m",
        'Run steps on a trigger. when: {"every_s": n} or {"in_s": n} or {"at": "08:15", '
        '"days": "mon,tue"}. do: [{"tool", "args"}].',
        (("name?", "str", 24), ("when", "when"), ("do", "steps")),
    ),
    ("rule_list", "tool_rules", "m", "List the rules.", ()),
    ("rule_delete", "tool_rules", "m", "Delete a rule.", (("name", "str", 24),)),
    (
        "rule_enable",
        "tool_rules",
        "m",
        "Switch a rule on or off.",
        (("name", "str", 24), ("enabled", "bool")),
    ),
    ("get_time", "tool_system", "ms", "Tell the local time.", ()),
    ("get_status", "tool_system", "ms", "Tell uptime, free memory, rules and link.", ()),
)


class ToolError(ValueError):
    """A call that cannot be carried out; the text says what would be right."""


class Tools:
    """The tools of one board: validates a call against the table and carries it out.

    app: what tool functions work on; has pins, memory, rules, clock, link, journal.
    """

    def __init__(self, app):
        self._app = app
        self._rows = {row[0]: row for row in TOOLS}
        self.catalogue = [(row[0], row[3], row[4]) for row in TOOLS if "m" in row[2]]
        digest = hashlib.sha256(json.dumps(self.catalogue).encode()).digest()
        self.hash = binascii.hexlify(digest[:6]).decode()

    def check(self, name, args, who):
        """Return args with numbers for pin names. Raises ToolError for what the table forbids.

        who: "m" a model, "s" a step.
        """
        row = self._rows.get(name) if isinstance(name, str) else None
        if row is None:
            raise ToolError("there is no tool " + str(name)[:32])
        if who not in row[2]:
            raise ToolError(
                "%s is only for %s"
                % (name, "conversations" if who == "s" else "rules and scripts")
            )
        if not isinstance(args, dict):
            raise ToolError(name + ": args must be an object")
        checked = {}
        for spec in row[4]:
            key = spec[0].rstrip("?")
            value = args.get(key)
            if value is None:
                if spec[0][-1] != "?":
                    raise ToolError("%s needs %s" % (name, key))
                continue
            checked[key] = self._check_value(name, key, value, spec)
        for key in args:
            if key not in checked and args[key] is not None:
                raise ToolError("%s has no argument %s" % (name, key[:32]))
        return checked

    async def run(self, name, args, who, by):
        """Carry out one call and return its result, a dict; {"error": why} if it failed.

        who: as in `check`. by: what the journal names as the cause, "chat 3f-1" or "rule blink".
        """
        module = None
        try:
            args = self.check(name, args, who)
            row = self._rows[name]
            module = row[1]
            function = getattr(__import__("firmware." + module, None, None, (name,)), name)
            result = function(self._app, **args)
            if hasattr(result, "send"):  # a coroutine: the tool takes its time
                result = await result
        except (ToolError, PinError) as e:
            result = {"error": str(e)}
        except OSError as e:
            result = {"error": "%s failed: %s" % (name, e)}
        except MemoryError:
            result = {"error": name + " failed: out of memory"}
        if module:
            _unload(module)
            if "w" in row[2]:
                self._app.journal.add(by, name, args, result)
        return result

    def check_steps(self, steps):
        """Return rule steps with checked arguments. Raises ToolError."""
        if not isinstance(steps, list) or not 1 <= len(steps) <= wire.MAX_CALLS:
            raise ToolError("do must be a list of 1 to %d steps" % wire.MAX_CALLS)
        checked = []
        for step in steps:
            name = step.get("tool") if isinstance(step, dict) else None
            args = self.check(name, step.get("args", {}), "s")
            if "pin" in args:
                self._app.pins.check(args["pin"], name in ("gpio_write", "gpio_toggle"))
            checked.append({"tool": name, "args": args})
        return checked

    def _check_value(self, tool, key, value, spec):
        kind = spec[1]
        if kind == "pin":
            return self._pin(value)
        if kind == "int" or kind == "num":
            if kind == "int" and isinstance(value, float) and value == int(value):
                value = int(value)
            good = isinstance(value, int if kind == "int" else (int, float))
            if good and not isinstance(value, bool) and spec[2] <= value <= spec[3]:
                return value
            want = "a number from %s to %s" % spec[2:]
        elif kind == "str":
            if isinstance(value, str) and 0 < len(value) <= spec[2]:
                return value
            want = "text of 1 to %d characters" % spec[2]
        elif kind == "enum":
            if value in spec[2].split("|"):
                return value
            want = "one of " + spec[2]
        elif kind == "bool":
            if isinstance(value, bool):
                return value
            want = "true or false"
        elif kind == "when":
            return self._app.rules.check_when(value)
        else:
            return self.check_steps(value)
        raise ToolError("%s: %s must be %s" % (tool, key, want))

    def _pin(self, value):
        if isinstance(value, str):
            known = self._app.memory.get(value)
            words = (known or value).split()
            if words and words[-1].isdigit():
                value = int(words[-1])
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise ToolError("no pin is called %s; remember its number first" % str(value)[:32])


def _unload(module):
    """Forget a tool's module: it takes heap only while it works, and keeps no state."""
    if sys.modules.pop("firmware." + module, None):
        delattr(firmware, module)
