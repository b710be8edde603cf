"""`limpet fleet`: many boards at a time."""

from pathlib import Path
from typing import Annotated

import typer

from host import (
    fleet_act_cli,
    fleet_cost_cli,
    fleet_metrics_cli,
    fleet_see_cli,
    home_assistant_cli,
)

app = typer.Typer(help="Many boards at a time.", no_args_is_help=True)
app.command()(fleet_see_cli.ls)
app.command()(fleet_see_cli.show)
app.command()(fleet_see_cli.why)
app.command()(fleet_see_cli.crash)
app.command()(fleet_see_cli.logs)
app.command()(fleet_act_cli.cmd)
app.command("set")(fleet_act_cli.set_)
app.command()(fleet_act_cli.ask)
app.add_typer(fleet_act_cli.script, name="script")
app.add_typer(fleet_act_cli.rule, name="rule")
app.command()(fleet_act_cli.jobs)
app.command()(fleet_act_cli.resume)
app.command()(home_assistant_cli.home_assistant)
app.command()(fleet_metrics_cli.metrics)
app.command()(fleet_cost_cli.cost)
app.add_typer(fleet_cost_cli.budget, name="budget")
app.command("kill-switch")(fleet_cost_cli.kill_switch)
_List = Annotated[Path, typer.Argument(help="A .csv or .toml with a row for each board.")]


def _state(path: Path) -> Path:
    return path.with_name(f"{path.name}.done.json")


@app.command()
def flash(
    file: _List,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="How many at the same time.")] = 4,
    firmware: Annotated[
        Path | None, typer.Option(help="MicroPython's .bin in place of the official one.")
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="Where their keys are, and new ones go; default: FILE.keys.toml."),
    ] = None,
    psk_file: Annotated[
        Path | None, typer.Option(help="TLS keys, added to mosquitto's psk_file.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(help="By this certificate they know their broker: TLS.")
    ] = None,
    update_key: Annotated[
        Path | None, typer.Option(help="What `limpet update keygen` printed.")
    ] = None,
    erase: Annotated[bool, typer.Option("--erase", help="Forget all that is on them.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait until each says hello.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")] = False,
) -> None:
    """Flash and provision what is plugged in with the next names of a list; again for more.

    FILE.done.json beside the list says which boards are done: those are left alone. Each board
    gets a password for the broker and a key that signs commands; the key file has them all.

    Examples:
      limpet fleet flash greenhouse.csv
      limpet fleet flash greenhouse.toml --jobs 8 --erase
    """
    import json
    from dataclasses import asdict

    from serial.tools import list_ports

    from host.device_serial import VENDORS
    from host.fleet_flash import Outcome, flash_all, keyed, read_state
    from host.fleet_list import read_list

    key_file = keys or file.with_name(f"{file.name}.keys.toml")
    wanted = keyed(read_list(file), read_state(_state(file)), key_file, psk_file)
    ports = [port.device for port in list_ports.comports() if port.vid in VENDORS]
    options = ["--firmware", str(firmware)] if firmware else []
    options += ["--ca", str(ca)] if ca else []
    options += ["--update-key", str(update_key)] if update_key else []
    options += ["--erase"] * erase + ["--no-wait"] * (not wait)

    def tell(outcome: Outcome) -> None:
        if outcome.error:
            typer.echo(f"{outcome.port} {outcome.device}\n{outcome.error}", err=True)
        elif not as_json:
            print(f"{outcome.device} {outcome.port} {outcome.mac}", flush=True)

    outcomes = flash_all(wanted, _state(file), ports, options, jobs, tell)
    if as_json:
        print(json.dumps([asdict(outcome) for outcome in outcomes]))
    left = len(wanted) - len(read_state(_state(file)))
    if left:
        typer.echo(f"{left} of {len(wanted)} left: plug in the next and run it again", err=True)
    raise typer.Exit(1 if any(outcome.error for outcome in outcomes) else 0)


@app.command()
def labels(
    file: _List,
    output: Annotated[Path, typer.Option("-o", help="The .svg to write, for A4.")],
) -> None:
    """Write a sheet of labels for the boards that are done: name, chip, QR code of the topic.

    Examples:
      limpet fleet labels greenhouse.csv -o labels.svg
    """
    from host.fleet_flash import read_state
    from host.labels import sheet

    output.write_text(sheet(read_state(_state(file))), encoding="utf-8")
    print(output)
