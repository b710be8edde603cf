"""What provisioning wrote to /settings.json and /board.json. Loaded at boot only."""

import json

from firmware import wire

# field: what it is if it is not there, of the type it must have; a dot leads into an object
_DEFAULTS = {
    "device": "",
    "broker.host": "",
    "broker.port": 1883,
    "broker.user": "",
    "broker.password": "",
    "broker.keepalive_s": 60,
    "broker.tls": "",  # TLS: a file with the certificate of a CA, or "name:pre-shared key in hex"
    "wifi.ssid": "",
    "wifi.password": "",
    "ntp": "",  # time server; empty: the clock is set by somebody else
    "tags": [],
    "llm.ttl_s": 30,  # how long a person waits for the model
    "llm.try_s": 8,  # silence after which the same request is sent again
    "llm.private": False,
    "limits.calls_per_hour": 60,  # to the model
    "limits.calls_per_day": 500,
    "limits.pin_per_minute": 60,  # actions on one pin
}
_NEEDED = ("device", "broker.host")
_NO_BOARD = {"name": "?", "chip": "?", "usable": (), "input_only": (), "adc": ()}


def load():
    """Return (settings, board, problem); problem is "", or says why both are mere stand-ins.

    settings: {"broker.host": value, ...}, all of them.
    """
    try:
        return _settings("/settings.json"), _read_object("/board.json"), ""
    except ValueError as e:
        return _DEFAULTS, _NO_BOARD, str(e) + ": provision this board again"


def _settings(path):
    data = _read_object(path)
    settings = {}
    for field, default in _DEFAULTS.items():
        value = data
        for key in field.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            value = default
        type_ = type(default)
        if not isinstance(value, type_):
            raise ValueError("%s: %s must be %s" % (path, field, type_.__name__))
        settings[field] = value
    for field in _NEEDED:
        if not settings[field]:
            raise ValueError("%s: %s is missing" % (path, field))
    if not wire.valid_name(settings["device"]):
        raise ValueError(path + ": device must be 1 to 32 of a-z, 0-9, - and _")
    if not 0 < settings["broker.port"] < 65536:
        raise ValueError(path + ": broker.port must be 1 to 65535")
    return settings


def _read_object(path):
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
