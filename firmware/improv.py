"""Improv over the serial line, by which a web page gives a board its Wi-Fi.

Loaded while a board has no settings. A packet is _HEAD, kind, length, data and the sum of all that
is before it, modulo 256; a command's data are its number, a length and fields. The protocol:
www.improv-wifi.com/serial.
"""

import asyncio
import json
import sys

import micropython
import network
from micropython import const

from firmware import store

_HEAD = const(b"IMPROV\1")
# Kinds of packets.
_STATE = const(1)
_ERROR = const(2)
_COMMAND = const(3)
_RESULT = const(4)
# What a state says.
_READY = const(2)
_JOINING = const(3)
_JOINED = const(4)
# What an error says.
_NONE = const(0)
_INVALID = const(1)
_UNKNOWN = const(2)
_NO_NETWORK = const(3)
# Commands.
_JOIN = const(1)
_ASK_STATE = const(2)
_ASK_INFO = const(3)
_SCAN = const(4)
_GAP_S = const(1)  # what stops for so long in its midst is no packet
_JOIN_S = const(20)
_CTRL_C = const(b"\3")
_CTRL_U = const("\x15")


def reader(version):
    """Return what reads the console: `await read(1)`, with Ctrl-U for each packet."""
    stream = asyncio.StreamReader(sys.stdin.buffer)
    seen = b""
    micropython.kbd_intr(-1)  # a 3 in a packet is no Ctrl-C

    async def read(_):
        nonlocal seen
        byte = await stream.read(1)
        seen = (seen + byte)[-7:]
        if seen == _HEAD:
            packet = b""
            try:
                while len(packet) < 3 or len(packet) < packet[1] + 3:
                    packet += await asyncio.wait_for(stream.readexactly(1), _GAP_S)
                if packet[0] == _COMMAND:
                    await _obey(packet, version)
            except asyncio.TimeoutError:
                pass
            return _CTRL_U
        # Nor is it the rest of a packet of which bytes were lost.
        if byte == _CTRL_C and seen[-2:-1] in b"\r\n\3":
            raise KeyboardInterrupt
        return byte and chr(byte[0])

    return read


async def _obey(packet, version):
    wlan = network.WLAN()
    name = "limpet-" + wlan.config("mac")[3:].hex()
    try:
        if sum(_HEAD + packet[:-1]) & 255 != packet[-1] or packet[3] + 5 != len(packet):
            raise ValueError
        command = packet[2]
        _send(_ERROR, _NONE)
        wlan.active(True)
        if command == _JOIN:
            end = packet[4] + 5
            if packet[end] + end + 2 != len(packet):
                raise ValueError
            ssid = str(packet[5:end], "utf-8")
            password = str(packet[end + 1 : -1], "utf-8")
            _send(_STATE, _JOINING)
            wlan.connect(ssid, password)
            for _ in range(_JOIN_S):
                await asyncio.sleep(1)
                if wlan.isconnected():
                    break
            else:
                raise OSError
            wifi = {"ssid": ssid, "password": password}
            store.replace("/settings.json", json.dumps({"device": name, "wifi": wifi}))
        if command <= _ASK_STATE:
            if wlan.isconnected():
                _send(_STATE, _JOINED)
                _send(_RESULT, command)
            else:
                _send(_STATE, _READY)
        elif command == _ASK_INFO:
            _send(_RESULT, command, b"Limpet", version, b"ESP32", name)
        elif command == _SCAN:
            for row in wlan.scan():
                _send(_RESULT, command, row[0], str(row[3]), "YES" if row[4] else "NO")
            _send(_RESULT, command)
        else:
            _send(_ERROR, _UNKNOWN)
    except (IndexError, ValueError):
        _send(_ERROR, _INVALID)
    except OSError:
        wlan.active(False)
        _send(_STATE, _READY)
        _send(_ERROR, _NO_NETWORK)


def _send(kind, first, *texts):
    data = b""
    for text in texts:
        if isinstance(text, str):
            text = bytes(text, "utf-8")
        data += bytes((len(text),)) + text
    if kind == _RESULT:
        data = bytes((len(data),)) + data
    packet = _HEAD + bytes((kind, len(data) + 1, first)) + data
    # A client looks for a packet at the beginning of a line.
    sys.stdout.buffer.write(b"\n" + packet + bytes((sum(packet) & 255, 10)))
