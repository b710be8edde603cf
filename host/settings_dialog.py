"""Settings of a new board, from options and from what a person answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from host.device_settings import new_name
from host.provision import make_settings


@dataclass(frozen=True)
class Given:
    """What the command line says; None: asked for, or made in a name's case.

    psk_file: gets a new key.
    """

    device: str | None = None
    broker: str | None = None
    ssid: str | None = None
    psk_file: Path | None = None

    @property
    def is_any(self) -> bool:
        """Whether the person wants settings made."""
        return self != Given()


def ask(given: Given) -> dict[str, Any]:
    """Return settings, checked; passwords are asked for without an echo. Raises UserError."""
    ssid = given.ssid
    if ssid is None:
        ssid = str(typer.prompt("Wi-Fi name", err=True))
    password = ""
    if ssid:
        password = typer.prompt(
            f"Password of {ssid}", hide_input=True, default="", show_default=False, err=True
        )
    broker = given.broker or str(typer.prompt("Broker (HOST or HOST:PORT)", err=True))
    device = given.device or new_name()
    if not given.is_any:
        device = str(typer.prompt("Name of the board", default=device, err=True))
    return make_settings(device, broker, ssid, password, given.psk_file)
