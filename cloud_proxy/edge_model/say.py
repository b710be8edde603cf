"""What the board says: templates it fills from the results, `{i.key}`, `{i.key:if falsy|else}`."""

from __future__ import annotations

from typing import Any

from .grammar import Call, Outcome

_RESULTS = {
    "gpio_write": "Pin {#.pin} is {#.value:off|on}.",
    "gpio_read": "Pin {#.pin} is {#.value:off|on}.",
    "gpio_toggle": "Pin {#.pin} is now {#.value:off|on}.",
    "gpio_read_all": "Pins: {#.pins}.",
    "pwm_write": "Pin {#.pin} is at {#.duty_pct} %.",
    "adc_read": "Pin {#.pin} reads {#.mv} mV.",
    "servo_write": "The servo on pin {#.pin} is at {#.angle_deg} degrees.",
    "neopixel_write": "The pixels on pin {#.pin} show red {#.r}, green {#.g}, blue {#.b}.",
    "dht_read": "It is {#.temperature_c} degrees C at {#.humidity_pct} % humidity.",
    "ds18x20_read": "It is {#.temperature_c} degrees C.",
    "i2c_scan": "I scanned the I2C bus: {#.addresses}.",
    "i2c_read": "It sent {#.data_hex}.",
    "i2c_write": "I wrote {#.written} bytes.",
    "i2c_write_read": "It sent {#.data_hex}.",
    "memory_set": "I will remember that {#.key} is {#.value}.",
    "memory_get": "{#.key}: {#.value}.",
    "memory_list": "I remember: {#.items}.",
    "memory_delete": "I have forgotten {#.key}.",
    "device_set": "The {#.name} is on pin {#.pin}.",
    "device_list": "Devices: {#.devices}.",
    "device_delete": "I have forgotten the {#.name}.",
    "rule_list": "Rules: {#.rules}.",
    "rule_delete": "Rule {#.name} is deleted.",
    "rule_enable": "Rule {#.name} is {#.enabled:paused|active}.",
    "script_list": "Scripts: {#.scripts}.",
    "script_delete": "The script {#.name} is deleted.",
    "get_time": "It is {#.time} ({#.timezone}).",
    "set_timezone": "My timezone is now {#.timezone}.",
    "get_status": "Up for {#.uptime_s} s, {#.heap_free} bytes free, rules: {#.rules}.",
    "set_persona": "My tone is now {#.persona}.",
}
INTENTS = {
    "decline": "Sorry, that is beyond me: I only look after this board. Ask me what I can do.",
    "cannot": "Sorry, I cannot do that yet.",
    "refuse": "All right, I will leave it as it is.",
    "hello": "Hello! What shall I do?",
    "thanks": "You are welcome.",
    "bye": "Goodbye! I keep watch here.",
    "help": (
        "I can switch, toggle, dim and read pins, move servos, colour light strips, read sensors "
        "and I2C, remember names and facts, run rules by time, pin, sensor or event, "
        "store scripts of several steps, and tell the time and my status. "
        'Try "turn on pin 2" or "blink pin 2 every 10 seconds".'
    ),
    "what_to_do": "What shall I do with it?",
    "unsure": "I am not sure what you mean, so I did nothing. Please say it another way.",
    "too_long": "That is too long for me. Please say it in one short sentence.",
    "empty": "I did not get that. What shall I do?",
}
_MISSING = {
    "pin": "Which pin?",
    "value": "On or off?",
    "duty_pct": "How bright or fast, in percent?",
    "freq_hz": "At which frequency?",
    "angle_deg": "To which angle, 0 to 180 degrees?",
    "rgb": "Which colour?",
    "count": "How many pixels?",
    "model": "Is the sensor a DHT11 or a DHT22?",
    "sda": "On which SDA and SCL pins?",
    "scl": "On which SCL pin?",
    "key": "Which name do you mean?",
    "name": "Which one? Please name it.",
    "address": "At which I2C address?",
    "length": "How many bytes?",
    "data_hex": "Which bytes, in hex?",
    "write_hex": "Which register?",
    "kind": "What kind of thing is it: a lamp, a relay, a sensor?",
    "steps": "Which steps shall it have?",
    "ms": "How long shall I wait?",
    "text": "What shall I tell you?",
    "prompt": "What shall I ask?",
    "event": "Which event?",
    "tag": "Which boards?",
    "from": "From which board?",
    "for_s": "For how long?",
    "cron": "When? A cron line has five fields.",
    "day": "On which day of the month?",
    "repeat": "How many times?",
    "is": "On or off?",
    "memory": "Which name do you mean?",
    "enabled": "Shall it be active or paused?",
    "timezone": "Which timezone? For example Europe/London.",
    "persona": "Which tone: neutral, friendly, technical or witty?",
    "when": "When shall that happen?",
    "every_s": "How often? For example every 10 seconds.",
    "in_s": "In how long? For example in 20 minutes.",
    "at": "At what time? For example at 18:30.",
    "edge": "When it goes high, when it goes low, or both?",
    "above": "Above which value?",
    "below": "Below which value?",
    "do": "What shall I do then?",
}
_DAYS = {"mon,tue,wed,thu,fri": "On weekdays", "sat,sun": "At the weekend"}
_EDGES = {"rising": "goes high", "falling": "goes low", "both": "changes"}
_FIELDS = {
    "temperature_c": ("temperature", "degrees C"),
    "humidity_pct": ("humidity", "%"),
    "mv": ("voltage", "mV"),
}


def say(outcome: Outcome) -> str:
    """Return the reply to an outcome; for calls it is a template that assumes they succeed."""
    if outcome.intent == "call":
        return " ".join(_call(call, number) for number, call in enumerate(outcome.calls))
    if outcome.intent == "ask":
        return _ask(outcome)
    return INTENTS[outcome.intent]


def missing_tool(tool: str) -> str:
    """Return what to say when the board has not announced a tool."""
    return f"Sorry, this board has no {tool}."


def _ask(outcome: Outcome) -> str:
    if outcome.key == "pin" and outcome.name:
        return f"Which pin is the {plain(outcome.name)} on?"
    if outcome.tool == "memory_set":
        return "What shall I remember? For example: remember that the pump is on gpio 5."
    if outcome.tool == "script_set" and outcome.key == "name":
        return "What shall the script be called?"
    if outcome.tool == "script_set":
        return "What shall it do? For example: turn 5 on, wait 30 seconds, turn 5 off."
    if outcome.key == "name" and outcome.tool in ("script_run", "script_delete"):
        return "Which script?"
    if outcome.key == "name" and outcome.tool.startswith("rule"):
        return "Which rule? Please name it."
    if outcome.key == "pin" and outcome.tool == "dht_read":
        return "Which pin is the sensor on, and is it a DHT11 or a DHT22?"
    return _MISSING.get(outcome.key, INTENTS["unsure"])


def plain(text: object) -> str:
    """Return a person's words without braces, which the board would try to fill."""
    return str(text).replace("{", "(").replace("}", ")")


def _call(call: Call, number: int) -> str:
    if call.tool == "rule_set":
        only = " ".join(["", *map(_condition, call.args.get("if", ()))])
        steps = _steps(call.args["do"])
        return f"{_when(call.args['when'])}{only} I will {steps} (rule {{{number}.name}})."
    if call.tool == "script_set":
        return f"I have stored {{{number}.name}}: {_steps(call.args['steps'])}."
    if call.tool == "script_run":
        return f"I run {plain(call.args.get('name', ''))}."
    return _RESULTS[call.tool].replace("#", str(number))


def _when(when: dict[str, Any]) -> str:
    if "every_s" in when:
        return f"Every {span(when['every_s'])}"
    if "in_s" in when:
        return f"In {span(when['in_s'])}"
    if "at" in when:
        days = when.get("days", "")
        named = _DAYS.get(days, "On " + days.replace(",", ", ")) if days else "Every day"
        return f"{named} at {when['at']}"
    if "edge" in when:
        return f"When pin {when['pin']} {_EDGES[when['edge']]}"
    if "event" in when:
        source = f" from {plain(when['from'])}" if "from" in when else ""
        return f"On the event {plain(when['event'])}{source}"
    if "boot" in when:
        return "After each start"
    if "cron" in when:
        return f"By the schedule {when['cron']}"
    name, unit = _FIELDS[when["read"]["field"]]
    side = "above" if "above" in when else "below"
    long = f" for {span(when['for_s'])}" if "for_s" in when else ""
    pin = when["read"]["args"]["pin"]
    return f"When the {name} on pin {pin} goes {side} {when[side]} {unit}{long}"


def _condition(condition: dict[str, Any]) -> str:
    if "time" in condition:
        return f"between {condition['time'].replace('-', ' and ')}"
    if "pin" in condition:
        return f"if pin {condition['pin']} is {'on' if condition['is'] else 'off'}"
    return f"if {plain(condition['memory'])} is {plain(condition['is'])}"


def _steps(steps: list[dict[str, Any]]) -> str:
    """Return steps in words: "turn pin 5 on, wait 30 seconds and turn pin 5 off"."""
    said = [
        f"{step['repeat']} times {_steps(step['do'])}"
        if "repeat" in step
        else _step(step["tool"], step["args"])
        for step in steps
    ]
    return " and ".join(([", ".join(said[:-1])] if said[:-1] else []) + said[-1:])


def span(seconds: float) -> str:
    """Return a length of time in the largest unit that divides it: "10 seconds", "1 hour"."""
    if seconds < 1:
        return f"{seconds * 1000:g} ms"
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return f"{seconds // size:g} {name}{'s' if seconds > size else ''}"
    return f"{seconds:g} second{'s' if seconds > 1 else ''}"


def _step(tool: str, args: dict[str, Any]) -> str:
    pin = f"pin {args.get('pin')}"
    if tool == "gpio_write":
        return f"turn {pin} {'on' if args['value'] else 'off'}"
    if tool == "pwm_write":
        return f"set {pin} to {args['duty_pct']} %"
    if tool == "servo_write":
        return f"turn the servo on {pin} to {args['angle_deg']} degrees"
    if tool == "neopixel_write":
        return f"set the pixels on {pin} to red {args['r']}, green {args['g']}, blue {args['b']}"
    if tool == "delay":
        return f"wait {span(args['ms'] / 1000)}"
    if tool == "notify":
        return f'tell you "{plain(args["text"])}"'
    if tool == "ask":
        return f'ask the model "{plain(args["prompt"])}"'
    if tool == "emit":
        return f"emit {plain(args['event'])}"
    if tool == "script_run":
        return f"run {plain(args['name'])}"
    if tool == "i2c_scan":
        return f"scan the I2C bus on pins {args['sda']} and {args['scl']}"
    if tool == "i2c_write":
        return f"write {args['data_hex']} to I2C device {args['address']}"
    if tool in ("i2c_read", "i2c_write_read"):
        return f"read {args['length']} bytes from I2C device {args['address']}"
    whole = {
        "gpio_toggle": f"toggle {pin}",
        "gpio_read_all": "read all pins",
        "get_status": "report my status",
    }
    return whole.get(tool, f"read {pin}")
