"""What provisioning wrote to /settings.json and /board.json. Loaded at boot only."""

import json

from firmware import wire

# field, type, default (... if it must be there); a dot leads into an object
_FIELDS = (
    ("device", str, ...),
    ("broker.host", str, ...),
    ("broker.port", int, 1883),
    ("broker.user", str, ""),
    ("broker.password", str, ""),
    ("broker.keepalive_s", int, 60),
    ("wifi.ssid", str, ""),
    ("wifi.password", str, ""),
    ("ntp", str, ""),  # time server; empty: the clock is set by somebody else
    ("tags", list, ()),
    ("llm.ttl_s", int, 30),  # how long a person waits for the model
    ("llm.try_s", int, 8),  # silence after which the same request is sent again
    ("llm.private", bool, False),
    ("limits.calls_per_hour", int, 60),  # to the model
    ("limits.calls_per_day", int, 500),
    ("limits.pin_per_minute", int, 60),  # actions on one pin
)
_NO_BOARD = {"name": "?", "chip": "?", "usable": (), "input_only": (), "adc": (), "forbidden": {}}


class SettingsError(ValueError):
    """A settings file that cannot be used; the text names the file and the field."""


def load():
    """Return (settings, board, problem); problem is "", or says why both are mere stand-ins."""
    try:
        return _settings("/settings.json"), _read_object("/board.json"), ""
    except SettingsError as e:
        settings = {field: "" if default is ... else default for field, _, default in _FIELDS}
        return settings, _NO_BOARD, str(e)


def _settings(path):
    """Return {"broker.host": value, ...}, checked and with defaults. Raises SettingsError."""
    data = _read_object(path)
    settings = {}
    for field, type_, default in _FIELDS:
        value = data
        for key in field.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            if default is ...:
                raise SettingsError("%s: %s is missing" % (path, field))
            value = default
        elif not isinstance(value, type_):
            raise SettingsError("%s: %s must be %s" % (path, field, type_.__name__))
        settings[field] = value
    if not wire.valid_name(settings["device"]):
        raise SettingsError(path + ": device must be 1 to 32 of a-z, 0-9, - and _")
    if not 0 < settings["broker.port"] < 65536:
        raise SettingsError(path + ": broker.port must be 1 to 65535")
    return settings


def _read_object(path):
    """Return the JSON object in a file. Raises SettingsError that says what is wrong with it."""
    try:
        with open(path) as f:
            data = json.load(f)
    except OSError:
        raise SettingsError(path + " is missing: provision this board")
    except ValueError:
        raise SettingsError(path + " is not JSON: provision this board again")
    if not isinstance(data, dict):
        raise SettingsError(path + " is not an object: provision this board again")
    return data
