"""Settings of a new board, from options and from what a person answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from host.device_settings import new_name
from host.provision import make_settings, networks


@dataclass(frozen=True)
class Given:
    """What the command line says; None: asked for, or made in a name's case.

    psk_file, key_file: get keys, see make_settings.
    """

    device: str | None = None
    broker: str | None = None
    ssid: str | None = None
    psk_file: Path | None = None
    key_file: Path | None = None

    @property
    def is_any(self) -> bool:
        """Whether the person wants settings made."""
        return self != Given()


def ask(given: Given, port: str | None = None) -> dict[str, Any]:
    """Return settings, checked; passwords are asked for without an echo. Raises UserError.

    port: where a board says which networks it hears, to choose from.
    """
    ssid = given.ssid
    if ssid is None:
        heard = networks(port) if port else []
        for name, dbm in heard:
            typer.echo(f"  {dbm} dBm  {name}", err=True)
        loudest = heard[0][0] if heard else None
        ssid = _answer("Wi-Fi name", loudest)
    password = _answer(f"Password of {ssid}", "", hidden=True) if ssid else ""
    broker = given.broker or _answer("Broker (HOST or HOST:PORT)")
    device = given.device or new_name()
    if not given.is_any:
        device = _answer("Name of the board", device)
    return make_settings(device, broker, ssid, password, given.psk_file, given.key_file)


def _answer(question: str, default: str | None = None, hidden: bool = False) -> str:
    """Return what is typed, the default for an empty line."""
    shown = f" [{default}]" if default else ""
    if hidden:  # the question's last blank comes when the echo is off: nothing typed then is shown
        return str(typer.prompt(question, default or "", True, show_default=False, err=True))
    while True:
        # On stderr: typer's own prompt leaves its last character on stdout.
        typer.echo(f"{question}{shown}: ", nl=False, err=True)
        typed = typer.prompt("", default=default or "", prompt_suffix="", show_default=False)
        if typed or default is not None:
            return str(typed)
