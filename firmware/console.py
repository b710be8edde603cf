"""The console: what is answered without a model. Loaded for one line.

Lines that begin with "/" come from the serial line, or as a chat over MQTT; what could harm is
for the serial line. "why did pin 5 turn on?" is answered from the journal; "stop" ends scripts.
"""

import json
import os

from micropython import const

from firmware import store, tool_system

_SHOWN = const(3)  # lines of the journal
_HELP = (
    "commands: /factory-reset confirm (confirm all: the settings too), /pins, /reboot, /rules, "
    "/safe, /set <field> <value>, /status, /stop, /why <pin>, /wifi"
)
_FIRST_DATE = const(1000000000)  # less is uptime: nobody had set the clock


def answer(app, text, serial):
    """Return the answer to a line, or None for a sentence that a model must answer.

    serial: it was typed on the board's own serial line.
    """
    words = text.lower().rstrip("?!. ").split()
    line = " ".join(words)
    command = words[0]
    safe = app.guard.safe
    if command in ("why", "/why"):
        return _why(app, words)
    if line in ("stop", "/stop"):
        running = app.tools.running
        for task in running.values():
            task.cancel()
        return "stopped: " + ", ".join(running) if running else "no script runs"
    if command == "/pins":
        levels = {}
        for number in app.pins.outputs():
            levels[number] = app.pins.read(number)
        return _lines(levels) or "all off"
    if command == "/rules":
        if safe:
            return "off: " + ", ".join(store.Store().load("rules", {}))
        from firmware import tool_rules

        return _lines(tool_rules.rule_list(app)["rules"]) or "no rules"
    if command == "/status":
        status = tool_system.get_status(app)
        status["flash_free_kb"] = os.statvfs("/")[3] * 4
        status["flash_writes"] = app.store.writes
        status["watchdog_bites"] = app.guard.bites
        status["safe_mode"] = safe or "no"
        status["problems"] = ", ".join(app.store.problems) or "none"
        return _lines(status)
    if command == "/wifi":
        import network

        wlan = network.WLAN()
        if not wlan.isconnected():
            return "not connected to " + app.settings["wifi.ssid"]
        return "%s, %d dBm" % (wlan.ifconfig()[0], wlan.status("rssi"))
    erase = line.startswith("/factory-reset confirm")
    if command == "/safe":
        if line != "/safe off" or not safe:
            return safe or "this is not safe mode"
    elif command not in ("/reboot", "/set") and not erase:
        return _HELP
    elif not serial:
        return "only on the serial line"
    if command == "/set":
        from firmware import settings

        field, _, value = text[5:].partition(" ")
        try:
            settings.change({field: value})
            return field + " is kept; /reboot uses it"
        except ValueError as e:
            return str(e)
    if erase:
        if "all" in words:
            os.remove("/settings.json")
        for name in os.listdir(store.DIR):
            os.remove(store.DIR + name)
    app.guard.restart()
    return "restarting"


def _lines(items):
    text = ""
    for item in sorted(items.items()):
        text += "\n%s: %s" % item
    return text[1:]


def _why(app, words):
    slash = words[0] == "/why"
    for word in words[1:]:
        if not word.isdigit() or "pin" in words or "gpio" in words or slash:
            try:
                pin = app.tools.pin(word)
            except ValueError:
                continue
            found = ["nothing that I know of touched pin %d before" % pin]
            for at, times, by, tool, args, result in _entries(app):
                if args.get("pin") == pin:
                    did = "went to %s" % result.get("value", args)
                    if "error" in result:
                        did = "was left alone (%s)" % result["error"]
                    when = "%d s after a start" % at
                    if at >= _FIRST_DATE:
                        when = "%04d-%02d-%02d %02d:%02d:%02d" % app.clock.local_at(at)[:6]
                    words = (pin, did, when, by, tool, times)
                    found.insert(0, "pin %d %s at %s because of %s (%s, %d times)" % words)
                    del found[_SHOWN:]
            return "\n".join(found)
    return _HELP if slash else None


def _entries(app):
    for path in (store.JOURNAL + ".old", store.JOURNAL):
        try:
            with open(path, "rb") as f:
                for line in f:
                    line = line.strip()
                    if line[:8] == store.seal(line[9:]):
                        yield json.loads(line[9:])
        except OSError:
            pass  # not written yet
    for line in app.store.lines():
        yield json.loads(line)
