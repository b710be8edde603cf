"""The console: what is answered without a model. Loaded for one line.

Lines that begin with "/" come from the serial line, or as a chat over MQTT; what could harm is
for the serial line. So is "why did pin 5 turn on?", answered from the journal.
"""

import gc
import json
import os

from micropython import const

from firmware import tool_rules, tool_system
from firmware.journal import PATH
from firmware.store import DIR, Store, seal
from firmware.tools import ToolError

_SHOWN = const(3)  # lines of the journal
_FIRST_DATE = const(1000000000)  # less is uptime: nobody had set the clock


def answer(app, text, serial):
    """Return the answer to a line, or None for a sentence that a model must answer.

    serial: it was typed on the board's own serial line.
    """
    words = text.lower().rstrip("?!. ").split()
    if words[0] in ("why", "/why"):
        return _why(app, words)
    command = _COMMANDS.get(words[0])
    if command is None:
        return "commands: " + ", ".join(sorted(_COMMANDS)) + ", /why <pin>"
    if command in (_reboot, _factory_reset) and not serial:
        return "only on the serial line"
    return command(app, " ".join(words[1:]))


def _pins(app, _):
    return ", ".join(["%d = %d" % (n, app.pins.read(n)) for n in app.pins.outputs()]) or "all off"


def _rules(app, _):
    if app.guard.safe:
        return "off: " + ", ".join(Store().load("rules", {}))
    return _lines(tool_rules.rule_list(app)["rules"]) or "no rules"


def _status(app, _):
    gc.collect()
    status = tool_system.get_status(app)
    status["flash_free_kb"] = os.statvfs("/")[3] * 4
    status["flash_writes"] = app.store.writes
    status["watchdog_bites"] = app.guard.bites
    status["safe_mode"] = app.guard.safe or "no"
    status["problems"] = ", ".join(app.store.problems) or "none"
    return _lines(status)


def _lines(items):
    return "\n".join(["%s: %s" % item for item in sorted(items.items())])


def _wifi(app, _):
    import network

    wlan = network.WLAN(network.STA_IF)
    if not wlan.isconnected():
        return "not connected to " + app.settings["wifi.ssid"]
    return "%s, %d dBm" % (wlan.ifconfig()[0], wlan.status("rssi"))


def _safe(app, rest):
    if rest != "off" or not app.guard.safe:
        return app.guard.safe or "this is not safe mode"
    return _reboot(app, rest)


def _reboot(app, _):
    app.guard.restart()
    return "restarting"


def _factory_reset(app, rest):
    if rest not in ("confirm", "confirm all"):
        return "/factory-reset confirm removes all but the settings, confirm all those too"
    if rest != "confirm":
        os.remove("/settings.json")
    for name in os.listdir(DIR):
        os.remove(DIR + name)
    return _reboot(app, rest)


_COMMANDS = {
    "/pins": _pins,
    "/rules": _rules,
    "/status": _status,
    "/wifi": _wifi,
    "/safe": _safe,
    "/reboot": _reboot,
    "/factory-reset": _factory_reset,
}


def _why(app, words):
    for word in words[1:]:
        if not word.isdigit() or "pin" in words or "gpio" in words or words[0] == "/why":
            try:
                pin = app.tools.pin(word)
            except ToolError:
                continue
            found = ["nothing that I know of touched pin %d before" % pin]
            for entry in _entries(app):
                if entry[4].get("pin") == pin:
                    found.insert(0, _words(app.clock, pin, entry))
                    del found[_SHOWN:]
            return "\n".join(found)
    return "/why needs a pin" if words[0] == "/why" else None


def _entries(app):
    for path in (PATH + ".old", PATH):
        try:
            with open(path, "rb") as f:
                for line in f:
                    line = line.strip()
                    if line[:8] == seal(line[9:]):
                        yield json.loads(line[9:])
        except OSError:
            pass  # not written yet
    for line in app.journal.lines():
        yield json.loads(line)


def _words(clock, pin, entry):
    at, times, by, tool, args, result = entry
    if "error" in result:
        did = "was left alone (%s)" % result["error"]
    else:
        did = "went to %s" % result.get("value", args)
    if at < _FIRST_DATE:
        when = "%d s after a start" % at
    else:
        when = "%04d-%02d-%02d %02d:%02d:%02d" % clock.local_at(at)[:6]
        if when[:10] == (clock.words() or "")[:10]:
            when = when[11:]
    return "pin %d %s at %s because of %s (%s, %d times)" % (pin, did, when, by, tool, times)
