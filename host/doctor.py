"""`limpet doctor`: what could keep a board from working, one look after another."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from host import doctor_usb
from host.errors import UserError

_ASK_S = 8.0  # for an agent that runs to answer
_START_S = 20.0
_BROKER_S = 10.0
_WEAK_DBM = -80
_TOOLS = {"serial": "pyserial", "esptool": "esptool", "mpremote": "mpremote"}


@dataclass(frozen=True)
class Finding:
    """One look. state: "ok", "problem", or "hint" where it could not be looked at, or may hurt."""

    check: str
    state: str
    says: str
    hint: str = ""


@dataclass
class Patient:
    """What was asked for, and what the looks so far have found.

    settings: of the board, as its JSON has them, or of a broker alone. ask_chip: also where the
    agent answers, which restarts it.
    """

    port: str | None = None
    settings: Mapping[str, Any] | None = None
    ask_chip: bool = False
    usable: bool = False
    status: dict[str, str] = field(default_factory=dict[str, str])
    wifi: str = ""
    chip: str = ""


def examine(patient: Patient, tell: Callable[[Finding], None]) -> bool:
    """Look at everything in order, tell each finding, and return whether there is no problem."""
    well = True
    for check, look in _LOOKS:
        try:
            finding = look(patient)
        except UserError as e:
            finding = _problem(f"{e.what}: {e.why}", e.fix)
        tell(Finding(check, *finding))
        well = well and finding[0] != "problem"
    return well


_Look = tuple[str, str, str]  # state, says, hint


def _ok(says: str) -> _Look:
    return "ok", says, ""


def _hint(says: str, hint: str = "") -> _Look:
    return "hint", says, hint


def _problem(says: str, hint: str) -> _Look:
    return "problem", says, hint


def _tools(_: Patient) -> _Look:
    missing = [name for module, name in _TOOLS.items() if find_spec(module) is None]
    if missing:
        return _problem(f"not installed: {', '.join(missing)}", "pip install 'limpet[flash]'")
    return _ok(", ".join(_TOOLS.values()))


def _port(patient: Patient) -> _Look:
    if patient.port is None:
        if find_spec("serial") is None:
            return _hint("not looked for without pyserial")
        from host.device_serial import find_port

        try:
            patient.port = find_port()
        except UserError as e:
            bare = doctor_usb.without_port()
            if not bare:
                raise
            what, driver = bare[0]
            return _problem(
                f"{what} is plugged in and has no serial port: its driver is missing or held off",
                f"sudo modprobe {driver}; on Ubuntu brltty takes CH340s: sudo apt remove brltty "
                f"({e.why})",
            )
    elif "://" not in patient.port and not os.path.exists(patient.port):
        return _problem(
            f"{patient.port} is not there", "plug the board in; another cable, some only charge"
        )
    return _ok(patient.port)


def _permission(patient: Patient) -> _Look:
    if not patient.port or not os.path.exists(patient.port):
        return _hint("no port to look at")
    if not os.access(patient.port, os.R_OK | os.W_OK):
        group = doctor_usb.group_of(patient.port)
        return _problem(
            f"{patient.port} is of group {group}, and you are not in it",
            f"sudo usermod -aG {group} $USER, then log out and in again",
        )
    users = doctor_usb.holders(patient.port)
    if users:
        return _problem(
            f"{patient.port} is in use by {', '.join(users)}",
            "close it: two programs on one line each get half of what the board says",
        )
    patient.usable = True
    return _ok("you may use it, and nobody else does")


def _agent(patient: Patient) -> _Look:
    if patient.port and "://" in patient.port:
        patient.usable = True
    if not patient.usable or not patient.port or find_spec("serial") is None:
        return _hint("no port to ask on")
    from host.device_console import ask
    from host.device_serial import Line

    with Line(patient.port) as line:
        try:
            rows = list(ask(line, "/status", _ASK_S))
            patient.status = dict(row.split(": ", 1) for row in rows if ": " in row)
            patient.wifi = "".join(ask(line, "/wifi", _ASK_S))
        except UserError:
            return _hint("no agent answers; the chip is asked next")
    if "safe_mode" not in patient.status:
        return _problem("what answers is no agent of ours", "limpet flash")
    heap, up = patient.status.get("heap_free"), patient.status.get("uptime_s")
    return _ok(f"answers; up for {up} s, {heap} bytes of heap free")


def _chip(patient: Patient) -> _Look:
    if patient.status and not patient.ask_chip:
        return _hint("not asked, for that restarts the agent", "limpet doctor --chip")
    if not patient.usable or not patient.port or find_spec("esptool") is None:
        return _hint("no port to ask on")
    from host.boards import load_board
    from host.flash import Port, detect

    port = Port(patient.port, 115200, load_board("esp32-devkit"), lambda what, percent: None)
    found = detect(port)
    patient.chip = found.chip
    return _ok(f"{found.chip}, {found.flash_bytes >> 20} MB, {found.mac}")


def _image(patient: Patient) -> _Look:
    if patient.status and not patient.chip:
        return _ok("the agent runs")
    if not patient.chip or not patient.port:
        return _hint("the chip did not answer")
    from host.device_serial import await_agent

    name = await_agent(patient.port, _START_S, lambda row: None, was_reset=True)
    return _ok(f"the agent starts as {name}") if name else _ok("the agent starts")


def _settings(patient: Patient) -> _Look:
    if not patient.status:
        return _hint("no agent to ask")
    why = patient.status["safe_mode"]
    if "provision" in why:
        return _problem(why, f"limpet provision --port {patient.port}")
    if why != "no":
        return _problem(
            f"safe mode, rules are off: {why}", f"limpet console '/safe off' --port {patient.port}"
        )
    troubles = patient.status.get("problems", "none")
    if troubles != "none":
        return _hint(f"the board lost something: {troubles}", "limpet restore FILE")
    return _ok("taken by the board")


def _wifi(patient: Patient) -> _Look:
    if not patient.status:
        return _hint("no agent to ask")
    address, _, strength = patient.wifi.partition(", ")
    if not strength:
        return _problem(
            patient.wifi or "no answer", f"limpet provision --port {patient.port}; 2.4 GHz only"
        )
    if int(strength.split()[0]) < _WEAK_DBM:
        return _hint(f"{address}, but weak: {strength}", "bring it nearer to the router")
    return _ok(patient.wifi)


def _link(patient: Patient) -> _Look:
    if not patient.status:
        return _hint("no agent to ask")
    if patient.status.get("link") != "up":
        return _problem("the board has no connection to its broker", "see the broker's row")
    return _ok(f"up; {patient.status.get('reconnects', 0)} times connected anew")


def _broker(patient: Patient) -> _Look:
    if patient.settings is None:
        return _hint("not asked", "limpet doctor --broker HOST:PORT, or --settings FILE")
    broker: Mapping[str, Any] = patient.settings["broker"]
    host, port = broker["host"], int(broker.get("port", 1883))
    if broker.get("tls"):
        return _hint(f"{host}:{port} speaks TLS, which is not tried from here")
    said = _connect(host, port, str(broker.get("user", "")), str(broker.get("password", "")))
    if said:
        return _problem(
            f"{host}:{port}: {said}",
            "start it, open its port to the network (mosquitto: listener 1883), check its users",
        )
    return _ok(f"{host}:{port} answers")


def _connect(host: str, port: int, user: str, password: str) -> str:
    """Return why a broker does not take us, or ""."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    from host.mqtt import leave

    answered = threading.Event()
    said: list[str] = []

    def on_connect(_: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        said.append(str(reason) if reason.is_failure else "")
        answered.set()

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_connect = on_connect
    if user:
        client.username_pw_set(user, password)
    client.connect_timeout = _BROKER_S
    try:
        client.connect(host, port)
    except OSError as e:
        return str(e)
    client.loop_start()
    came = answered.wait(_BROKER_S)
    leave(client)
    return said[0] if came else "it accepts, and then says nothing"


_LOOKS: tuple[tuple[str, Callable[[Patient], _Look]], ...] = (
    ("tools", _tools),
    ("port", _port),
    ("permission", _permission),
    ("agent", _agent),
    ("chip", _chip),
    ("image", _image),
    ("settings", _settings),
    ("wifi", _wifi),
    ("link", _link),
    ("broker", _broker),
)
