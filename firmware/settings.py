"""What provisioning wrote to /settings.json and /board.json. Loaded when they are read or changed.

settings.txt has a line for each field: [field, what it is if it is not there, type, limits...],
with null for a field that must be there, and types as in tools.py. A dot leads into an object:
    device, tags           its name, and those of the groups that it is in
    broker.*               where it connects to
    broker.tls             a file with the certificate of a CA, or "name:pre-shared key in hex"
    cmd_key                what commands are signed with, in hex
    update_key             with which updates are checked: an RSA-2048 modulus in hex
    wifi.*                 without ssid the network is there already
    ntp                    time server; empty: the clock is set by somebody else
    llm.ttl_s              how long a person waits for the model
    llm.try_s              silence after which the same request is sent again
    limits.calls_per_*     to the model
    limits.pin_per_minute  actions on one pin; beyond 254 there is no limit
"""

import json

from firmware.store import replace
from firmware.tools import Tools
from firmware.wire import valid_name

_PATH = "/settings.json"
_NO_BOARD = {"name": "?", "chip": "?", "usable": (), "outputs": (), "adc": ()}


def load():
    """Return (settings, board, problem); problem is "", or says why both are mere stand-ins.

    settings: {"broker.host": value, ...}, all of them.
    """
    try:
        return _check(_read(_PATH)), _read("/board.json"), ""
    except ValueError as e:
        why = str(e) + ": provision this board again"
        return {row[0]: row[1] or "" for row in _rows()}, _NO_BOARD, why


def change(values):
    """Keep other values of some fields, None: the default; return all settings as they are then.

    Raises OSError if the flash is full, ValueError for what `load` would not take.
    """
    data = _read(_PATH)
    kinds = {row[0]: row[2] for row in _rows()}
    for field, value in values.items():
        section, _, key = field.rpartition(".")
        if field not in kinds:
            raise ValueError("fields: " + ", ".join(sorted(kinds)))
        if kinds[field] != "str" and isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                pass  # the check says what it must be
        (data.setdefault(section, {}) if section else data)[key] = value
    settings = _check(data)
    replace(_PATH, json.dumps(data))
    return settings


def _rows():
    with open(__file__[:-3] + "txt") as f:
        return json.load(f)


def _check(data):
    settings = {}
    for row in _rows():
        field = row[0]
        value = data
        for key in field.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            value = row.pop(1)
            if value is None:
                raise ValueError("%s: %s is missing" % (_PATH, field))
        elif value != row.pop(1):
            value = Tools.fit(None, _PATH, row, value)
        settings[field] = value
    for name in settings["tags"] + [settings["device"]]:
        if not isinstance(name, str) or not valid_name(name):
            raise ValueError(_PATH + ": device and tags must be 1 to 32 of a-z, 0-9, - and _")
    return settings


def _read(path):
    """Return the JSON object in a file. Raises ValueError that says what is wrong with it."""
    why = " is missing"
    try:
        with open(path) as f:
            why = " is not JSON"
            data = json.load(f)
            why = " is not an object"
            if isinstance(data, dict):
                return data
    except (OSError, ValueError):
        pass
    raise ValueError(path + why)
