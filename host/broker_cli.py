"""`limpet broker`: set a mosquitto up for boards, let them in, shut them out."""

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="A mosquitto for boards: set it up, let boards in.", no_args_is_help=True)
Keys = Annotated[
    Path, typer.Option("--keys", envvar="LIMPET_KEYS", help="The boards' keys; made if new.")
]
Folder = Annotated[Path, typer.Option("--dir", help="The folder that setup wrote.")]
_Devices = Annotated[list[str], typer.Argument(help="Names of devices.")]
_Port = Annotated[int, typer.Option(min=1, max=65535, help="For boards.")]
KEYS, FOLDER = Path("limpet.keys.toml"), Path("limpet-broker")


@app.command()
def setup(
    host: Annotated[
        list[str], typer.Option(help="Its name or address, as boards call it; may be repeated.")
    ],
    folder: Folder = FOLDER,
    keys: Keys = KEYS,
    psk: Annotated[
        bool,
        typer.Option(
            "--psk", help="Boards with pre-shared keys; needs MicroPython after June 2026."
        ),
    ] = False,
    port: _Port = 8883,
    service_port: Annotated[
        int, typer.Option(min=1, max=65535, help="For proxies and operators.")
    ] = 8884,
    bind: Annotated[str, typer.Option(help="This address alone; default: all.")] = "",
    run_as: Annotated[
        str | None, typer.Option(help="mosquitto's user; default for root: mosquitto.")
    ] = None,
    installed_at: Annotated[
        str | None, typer.Option(help="Where the folder will be on the broker's machine.")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(help="Your certificate (PEM); default: made.")
    ] = None,
    cert_key: Annotated[Path | None, typer.Option(help="Its key.")] = None,
) -> None:
    """Write a configuration for mosquitto: users, keys, TLS, and who may do what.

    Each board may use its own topics alone; the proxy answers, it cannot command; the operator
    commands with keys that this folder has not. Beside the key file lie operator.password,
    proxy.password, proxy.toml and the CA: keep them from the broker's machine.

    Examples:
      limpet broker setup --host broker.lan
      limpet broker setup --host broker.lan --host 192.168.1.10 --psk
      limpet broker setup --host broker.lan --installed-at /etc/mosquitto/limpet
      mosquitto -c limpet-broker/mosquitto.conf
    """
    from host import broker_setup

    if (cert is None) != (cert_key is None):
        raise typer.BadParameter("--cert and --cert-key go together", param_hint="--cert")
    wish = broker_setup.Wish(
        folder,
        keys,
        tuple(host),
        psk,
        port,
        service_port,
        bind,
        run_as,
        installed_at,
        (cert, cert_key) if cert and cert_key else None,
    )
    for path in broker_setup.setup(wish):
        print(path)
    typer.echo(
        f"next: mosquitto -c {folder}/mosquitto.conf, limpet broker add DEVICE --dir {folder}, "
        f"limpet fleet ls --broker mqtts://{host[0]}:{service_port} --user operator",
        err=True,
    )


@app.command()
def add(devices: _Devices, folder: Folder = FOLDER, keys: Keys = KEYS) -> None:
    """Let boards in, with keys of their own.

    Examples:
      limpet broker add kitchen cellar
      limpet provision --name kitchen --broker broker.lan:8883 --ssid home --keys limpet.keys.toml
    """
    from host import broker_setup

    back = broker_setup.add(folder, keys, devices)
    _cut_off(folder, keys, back, _tell(folder, devices))


@app.command()
def revoke(devices: _Devices, folder: Folder = FOLDER, keys: Keys = KEYS) -> None:
    """Shut boards out, at once, and forget their keys.

    Examples:
      limpet broker revoke kitchen
    """
    from host import broker_setup

    broker_setup.revoke(folder, keys, devices)
    _tell(folder, devices)


@app.command()
def rotate(devices: _Devices, folder: Folder = FOLDER, keys: Keys = KEYS) -> None:
    """Give boards new keys: password, pre-shared key and the one that signs commands.

    They stay outside until they have them: limpet provision --keys FILE.

    Examples:
      limpet broker rotate kitchen
    """
    from host import broker_setup

    broker_setup.rotate(folder, keys, devices)
    _cut_off(folder, keys, devices, _tell(folder, devices))


@app.command()
def ls(
    folder: Folder = FOLDER,
    keys: Keys = KEYS,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")] = False,
) -> None:
    """List who may come to the broker, and who is shut out.

    Examples:
      limpet broker ls --json
    """
    from host import broker_setup

    rows = broker_setup.users(folder, keys)
    if as_json:
        print(json.dumps(rows))
        return
    for row in rows:
        print(f"{row['device']:32} {'may come' if row['may'] else 'shut out'}")


def _tell(folder: Path, devices: list[str]) -> int:
    """Return how many mosquittos of this machine were told."""
    from host import broker_setup

    for device in devices:
        print(device)
    count = broker_setup.reload(folder)
    if count:
        typer.echo(f"{count} mosquitto of this machine told", err=True)
    else:
        typer.echo("hint: where it runs: systemctl reload mosquitto", err=True)
    return count


def _cut_off(folder: Path, keys: Path, devices: list[str], told: int) -> None:
    from host import broker_setup

    left = broker_setup.cut_off(folder, keys, devices, told)
    if left:
        typer.echo(
            f"who came in by an older key as {', '.join(left)} stays in until mosquitto ends\n"
            "hint: where it runs: systemctl restart mosquitto",
            err=True,
        )
