"""What mosquitto is told: a listener for boards, one for services, who may do what. No I/O.

Boards and services do not share a listener: on that of the boards a client's id is its user name,
so that nobody takes the session of another by naming its id; the services' clients need ids of
their own, for several proxies and operators share a user. Each listener knows only its own users.
"""

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from firmware import wire
from host import home_assistant

CONFIG, DEVICE_ACL, SERVICE_ACL = "mosquitto.conf", "devices.acl", "services.acl"
DEVICE_PASSWORDS, DEVICE_PSKS, SERVICE_PASSWORDS = (
    "devices.passwd",
    "devices.psk",
    "services.passwd",
)
CA, CERT, KEY = "ca.pem", "server.pem", "server.key"
SERVICES = ("operator", "proxy", "homeassistant")
_ITERATIONS = 101  # mosquitto's own; the passwords are 192 random bits, nobody guesses them
_DENIED = "topic deny #"
_ANY = wire.ROOT + "+/"
_DISCOVERY = home_assistant.PREFIX + "/"


@dataclass(frozen=True)
class Plan:
    """How a broker is to be set up.

    folder: where its files will be on the broker's machine. psk: boards prove themselves by a
    pre-shared key, else by a password over TLS. bind: "" for all addresses. run_as: mosquitto's
    user, "" for whoever starts it.
    """

    folder: PurePosixPath
    psk: bool = False
    port: int = 8883
    service_port: int = 8884
    bind: str = ""
    run_as: str = ""


def config(plan: Plan) -> str:
    """Return mosquitto.conf."""
    where = f" {plan.bind}" if plan.bind else ""
    tls = [f"certfile {plan.folder / CERT}", f"keyfile {plan.folder / KEY}"]
    if plan.psk:
        proof = [f"psk_file {plan.folder / DEVICE_PSKS}", "psk_hint limpet"]
        proof += ["use_identity_as_username true"]
    else:
        proof = [*tls, f"password_file {plan.folder / DEVICE_PASSWORDS}"]
    lines = [
        "# By limpet broker setup, which writes it anew; yours goes into another file.",
        *([f"user {plan.run_as}"] if plan.run_as else []),
        "per_listener_settings true",
        "set_tcp_nodelay true",
        "persistence true",
        f"persistence_location {plan.folder / 'data'}/",
        "# The list of a fleet is a burst of what is retained: room for it.",
        "max_queued_messages 20000",
        "max_packet_size 65536",
        "",
        f"listener {plan.port}{where}",
        "allow_anonymous false",
        *proof,
        "use_username_as_clientid true",
        f"acl_file {plan.folder / DEVICE_ACL}",
        "",
        f"listener {plan.service_port}{where}",
        "allow_anonymous false",
        *tls,
        f"password_file {plan.folder / SERVICE_PASSWORDS}",
        f"acl_file {plan.folder / SERVICE_ACL}",
    ]
    return "\n".join(lines) + "\n"


def device_acl(revoked: Iterable[str] = ()) -> str:
    """Return what boards may do: all of their own topics, and each other's events."""
    rows = [
        "# By limpet broker; %u is the user name, which is the device's name.",
        *(f"user {name}\n{_DENIED}" for name in sorted(revoked)),
        "",
        f"pattern write {wire.ROOT}%u/up/#",
        f"pattern read {wire.ROOT}%u/down/#",
        f"pattern read {_ANY}{wire.EVENT}",
        f"pattern readwrite {wire.GROUP}+/event",
    ]
    return "\n".join(rows) + "\n"


def revoked_in(acl: str) -> set[str]:
    """Return the names that `device_acl` has been told."""
    rows = acl.splitlines()
    return {
        row.removeprefix("user ")
        for row, following in zip(rows, rows[1:], strict=False)
        if row.startswith("user ") and following == _DENIED
    }


def service_acl() -> str:
    """Return what proxy, operator and Home Assistant may do: none more than it needs.

    The proxy answers requests; it can neither command nor configure a board, nor update it. Home
    Assistant says what it wants, and the operator's bridge does that.
    """
    rows = [
        "# By limpet broker.",
        "user proxy",
        f"topic read {_ANY}up/llm/+",
        f"topic read {_ANY}{wire.INFO}",
        f"topic read {_ANY}{wire.STATUS}",
        f"topic write {_ANY}{wire.REPLY}",
        "# its test at the start that shared subscriptions are delivered",
        f"topic write {_ANY}up/llm/probe",
        "",
        "user operator",
        f"topic read {wire.ROOT}#",
        *(f"topic write {_ANY}down/{kind}" for kind in ("cmd", "desired", "job", "blob", "chat")),
        *(f"topic write {wire.GROUP}+/{kind}" for kind in ("mark", "rollout")),
        "topic read $SYS/#",
        *(f"topic readwrite {root}#" for root in (home_assistant.ROOT, _DISCOVERY)),
        "",
        "user homeassistant",
        f"topic readwrite {_DISCOVERY}#",
        f"topic read {home_assistant.ROOT}#",
        f"topic write {home_assistant.ROOT}+/+/set",
        f"topic read {_ANY}{wire.STATUS}",
    ]
    return "\n".join(rows) + "\n"


def password_row(user: str, password: str) -> str:
    """Return a row of a password file: PBKDF2 with SHA-512, salted anew."""
    salt = os.urandom(12)
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
    encoded = [base64.b64encode(part).decode() for part in (salt, made)]
    return f"{user}:$7${_ITERATIONS}${'$'.join(encoded)}"


def proxy_config(host: str, port: int, ca: str, group: str) -> str:
    """Return the [mqtt] of a limpet-proxy.

    group: of its shared subscription, known to the proxies alone: mosquitto gives a share of the
    requests to whoever joins a group, and drops what that one may not read.
    """
    rows = [
        "# By limpet broker setup; LIMPET_BROKER_PASSWORD is what proxy.password says.",
        "[mqtt]",
        f'broker = "{host}:{port}"',
        'username = "proxy"',
        'password_env = "LIMPET_BROKER_PASSWORD"',
        "tls = true",
        f'ca_file = "{ca}"',
        f'group = "{group}"',
    ]
    return "\n".join(rows) + "\n"


def psk_row(device: str, psk: str) -> str:
    """Return a row of a psk_file."""
    return f"{device}:{psk}"
