# ruff: noqa: F821  (the build puts in what is not defined here)
# network: one Wi-Fi station whose access point is part of the emulator.
from _port import port
from uctypes import addressof

import host as _host

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_BEACON_TIMEOUT = 200
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4
AUTH_WPA2_ENTERPRISE = 5
AUTH_WPA3_PSK = 6
AUTH_WPA2_WPA3_PSK = 7
AUTH_WAPI_PSK = 8
AUTH_OWE = 9
AUTH_MAX = 10
MODE_11B = 1
MODE_11G = 2
MODE_11N = 4
MODE_LR = 8
PHY_LAN8710 = 0
PHY_LAN8720 = 1
PHY_IP101 = 2
PHY_RTL8201 = 3
PHY_DP83848 = 4
PHY_KSZ8041 = 5
PHY_KSZ8081 = 6
PHY_KSZ8851SNL = 100
PHY_DM9051 = 101
PHY_W5500 = 102
ETH_INITIALIZED = 0
ETH_STARTED = 1
ETH_STOPPED = 2
ETH_CONNECTED = 3
ETH_DISCONNECTED = 4
ETH_GOT_IP = 5

_NOWHERE = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
_interfaces = {}
_hostname = "mpy-esp32"
_country = "XX"


def hostname(name=None):
    global _hostname
    if name is None:
        return _hostname
    _hostname = name


def country(code=None):
    global _country
    if code is None:
        return _country
    _country = code


def phy_mode(mode=None):
    if mode is None:
        return MODE_11B | MODE_11G | MODE_11N


def LAN(*_, **__):
    raise NotImplementedError("network.LAN is not emulated")


def PPP(*_, **__):
    raise NotImplementedError("network.PPP is not emulated")


def _network():
    rssi, _, name = _host.call("about", "network").partition(" ")
    return (name.encode(), b"\x02\x00\x00\x00\x00\x01", 1, int(rssi or 0), 3, False)


class WLAN:
    IF_STA = STA_IF
    IF_AP = AP_IF
    SEC_OPEN = 0
    SEC_WEP = 1
    SEC_WPA = 2
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    SEC_WPA2_ENT = 5
    SEC_WPA3 = 6
    SEC_WPA2_WPA3 = 7
    SEC_WAPI = 8
    SEC_OWE = 9
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2

    def __new__(cls, interface=STA_IF):
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        found = _interfaces.get(interface)
        if found is None:
            found = _interfaces[interface] = object.__new__(cls)
            found._interface = interface
            found._active = False
            found._settings = {"ssid": "", "reconnects": -1, "pm": 1, "txpower": 20}
        return found

    def __init__(self, interface=STA_IF):
        pass

    def active(self, on=None):
        if on is not None:
            self._active = bool(on)
            if not on and self._interface == STA_IF:
                port(0, OP_WIFI_DISCONNECT)
        return self._active

    def connect(self, ssid=None, key=None, *, bssid=None):
        if not self._active:
            raise OSError("Wifi Internal Error")
        if ssid is not None:
            self._settings["ssid"] = ssid
        name = self._settings["ssid"]
        key = key or ""
        port(len(name), OP_PUSH)
        port(addressof(key), OP_PUSH)
        port(len(key), OP_PUSH)
        port(addressof(name), OP_WIFI_CONNECT)

    def disconnect(self):
        port(0, OP_WIFI_DISCONNECT)

    def isconnected(self):
        if self._interface == AP_IF:
            return False
        return self._active and port(0, OP_WIFI_STATUS) == STAT_GOT_IP

    def status(self, what=None):
        if what == "rssi":
            return _network()[3]
        return port(0, OP_WIFI_STATUS) if self._interface == STA_IF else STAT_IDLE

    def ifconfig(self, config=None):
        if self._interface == AP_IF:
            return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")
        if config is None and self.isconnected():
            return (_host.call("about", "address"), "255.255.255.0", "10.0.0.1", "10.0.0.1")
        return _NOWHERE

    def config(self, name=None, **settings):
        if name is None:
            self._settings.update(settings)
            return None
        if name == "mac":
            return bytes.fromhex(_host.call("about", "mac"))
        if name in ("hostname", "dhcp_hostname"):
            return _hostname
        if name == "essid":
            name = "ssid"
        if name not in self._settings:
            raise ValueError("unknown config param")
        return self._settings[name]

    def scan(self):
        found = _network()
        return [found] if found[0] else []
