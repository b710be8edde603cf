"""The tool catalogue: one row a tool. Adding a tool is a row here and a function in its module.

An argument is (name, type, *limits); "name?" may be left out. Types:
    "pin"                a GPIO number, or a name that memory maps to one ("pump": "gpio 5")
    "int" lo hi          a whole number
    "num" lo hi          a number
    "str" max            text of 1 to max characters
    "enum" "a|b|c"       one of the words
    "bool"               true or false
    "when"               a rule's trigger, checked by rules.py
    "steps"              [{"tool", "args"}, ...]
"""

import binascii
import hashlib
import json

from firmware import wire
from firmware.pins import PinError

# name, module, description, arguments
TOOLS = (
    (
        "gpio_write",
        "tool_pins",
        "Set an output pin to 0 (off) or 1 (on).",
        (("pin", "pin"), ("value", "int", 0, 1)),
    ),
    ("gpio_read", "tool_pins", "Read whether a pin is 0 or 1.", (("pin", "pin"),)),
    ("gpio_read_all", "tool_pins", "Read all usable pins.", ()),
    ("gpio_toggle", "tool_pins", "Invert an output pin.", (("pin", "pin"),)),
    (
        "memory_set",
        "tool_memory",
        "Remember a fact, or a name for a pin, under a key.",
        (("key", "str", 32), ("value", "str", 160)),
    ),
    ("memory_get", "tool_memory", "Recall what a key holds.", (("key", "str", 32),)),
    ("memory_list", "tool_memory", "List all that is remembered.", ()),
    ("memory_delete", "tool_memory", "Forget a key.", (("key", "str", 32),)),
    (
        "rule_set",
        "tool_rules",
        'Run steps on a trigger. when: {"every_s": n} or {"in_s": n} or {"at": "08:15", '
        '"days": "mon,tue"}. do: [{"tool", "args"}].',
        (("name?", "str", 24), ("when", "when"), ("do", "steps")),
    ),
    ("rule_list", "tool_rules", "List the rules.", ()),
    ("rule_delete", "tool_rules", "Delete a rule.", (("name", "str", 24),)),
    (
        "rule_enable",
        "tool_rules",
        "Switch a rule on or off.",
        (("name", "str", 24), ("enabled", "bool")),
    ),
    ("get_time", "tool_system", "Tell the local time.", ()),
    ("get_status", "tool_system", "Tell uptime, free memory, rules and link.", ()),
)

# What a rule may do: nothing that makes, changes or removes rules.
IN_RULES = (
    "gpio_write",
    "gpio_read",
    "gpio_read_all",
    "gpio_toggle",
    "memory_set",
    "memory_get",
    "get_time",
    "get_status",
)


class ToolError(ValueError):
    """A call that cannot be carried out; the text says what would be right."""


class Tools:
    """The tools of one board: validates a call against the table and carries it out.

    app: what tool functions work on; has pins, memory, rules, clock, link.
    """

    def __init__(self, app):
        self._app = app
        self._rows = {row[0]: row for row in TOOLS}
        self.catalogue = [(name, text, args) for name, _, text, args in TOOLS]
        digest = hashlib.sha256(json.dumps(self.catalogue).encode()).digest()
        self.hash = binascii.hexlify(digest[:6]).decode()

    def check(self, name, args):
        """Return args with numbers for pin names. Raises ToolError for what the table forbids."""
        row = self._rows.get(name)
        if row is None:
            raise ToolError("there is no tool " + name[:32])
        if not isinstance(args, dict):
            raise ToolError(name + ": args must be an object")
        checked = {}
        for spec in row[3]:
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

    def run(self, name, args):
        """Carry out one call and return its result, a dict; {"error": why} if it failed."""
        try:
            args = self.check(name, args)
            module = __import__("firmware." + self._rows[name][1], None, None, (name,))
            return getattr(module, name)(self._app, **args)
        except (ToolError, PinError) as e:
            return {"error": str(e)}
        except OSError as e:
            return {"error": "%s failed: %s" % (name, e)}
        except MemoryError:
            return {"error": name + " failed: out of memory"}

    def check_steps(self, steps):
        """Return rule steps with checked arguments. Raises ToolError."""
        if not isinstance(steps, list) or not 1 <= len(steps) <= wire.MAX_CALLS:
            raise ToolError("do must be a list of 1 to %d steps" % wire.MAX_CALLS)
        checked = []
        for step in steps:
            name = step.get("tool") if isinstance(step, dict) else None
            if name not in IN_RULES:
                raise ToolError("a rule cannot do %s; it can: %s" % (name, ", ".join(IN_RULES)))
            args = self.check(name, step.get("args", {}))
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
