"""What one does with a board that runs: deploy, monitor, console, backup, restore, erase."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Port = Annotated[str | None, typer.Option(help="Default: the one that looks like a board.")]


def deploy(port: Port = None) -> None:
    """Bring the board's agent up to this one: changed files only, on trial, the old one stays.

    Examples:
      limpet deploy
      limpet deploy --port /dev/ttyUSB0
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from host import deploy as deploying
    from host.device_serial import find_port

    talk = Console(stderr=True, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f}%"))
    with Progress(*columns, console=talk, transient=True) as bars:
        bar = bars.add_task("comparing", total=1)

        def show(what: str, done: int, total: int) -> None:
            bars.update(bar, description=what, completed=done, total=total or 1)

        device, steps = deploying.deploy(
            port or find_port(), show, lambda row: talk.print(f"  {row}", markup=False)
        )
    if steps.is_needed:
        sent, copied = len(steps.written), len(steps.copied)
        talk.print(f"slot {steps.target} runs: {sent} files sent, {copied} copied on the board")
    else:
        talk.print("the board has this agent already")
    print(device)


def monitor(
    port: Port = None,
    journal: Annotated[
        bool, typer.Option("--journal", help="Read the journal first; the agent starts anew.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON line on stdout for each row.")
    ] = False,
) -> None:
    """Show what a board says until Ctrl-C, made plain; a reset or a pulled cable ends nothing.

    Examples:
      limpet monitor
      limpet monitor --journal --port /dev/ttyUSB0
    """
    import json
    from contextlib import suppress
    from dataclasses import asdict

    from host import board_journal
    from host.device_serial import find_port
    from host.monitor import Heard, follow

    def show(heard: Heard) -> None:
        if as_json:
            print(json.dumps(asdict(heard)), flush=True)
        elif heard.kind == "port":
            typer.echo(f"{heard.text}; Ctrl-C ends this", err=True)
        else:
            print(heard.text + (f"\n    -> {heard.hint}" if heard.hint else ""), flush=True)

    with suppress(KeyboardInterrupt):
        where = port or find_port()
        if journal:
            for entry in board_journal.read(where, restart=False):
                show(Heard("journal", board_journal.words(entry)))
        follow(where, show, restart=journal)


def console(
    text: Annotated[
        str | None, typer.Argument(help="One line, like /status; without it a conversation.")
    ] = None,
    port: Port = None,
) -> None:
    """Talk to the agent over its serial line: commands, and sentences while it has a model.

    Examples:
      limpet console /status
      limpet console "why did pin 5 turn on?"
      limpet console
    """
    from contextlib import suppress

    from host import device_console
    from host.device_serial import Line, find_port

    with Line(port or find_port()) as line, suppress(KeyboardInterrupt):
        if text is None and sys.stdin.isatty():
            typer.echo("/status, /pins, /rules, /why PIN, a sentence; Ctrl-C ends this", err=True)
            device_console.talk(line, sys.stdin, lambda row: print(row, flush=True))
            return
        for said in [text] if text is not None else sys.stdin:
            if said.strip():
                for row in device_console.ask(line, said.strip()):
                    print(row, flush=True)


def backup(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    port: Port = None,
    secrets: Annotated[
        bool, typer.Option("--secrets", help="Passwords and keys too: keep the file safe then.")
    ] = False,
) -> None:
    """Save rules, scripts, memory, things, conversation, journal and settings of a board.

    Examples:
      limpet backup kitchen.zip
    """
    from host import backup as saving
    from host.device_serial import find_port

    made = saving.backup(port or find_port(), file, secrets)
    left = f", without {', '.join(made.left_out)}" if made.left_out else ""
    typer.echo(f"{len(made.files)} files of {made.device or 'a board'}{left}", err=True)
    print(file)


def restore(
    file: Annotated[Path, typer.Argument(help="What `limpet backup` wrote.")],
    port: Port = None,
    settings: Annotated[
        bool, typer.Option(help="The settings too; else the board keeps its name and network.")
    ] = True,
    yes: Yes = False,
) -> None:
    """Put a backup onto a board, in place of its rules, scripts, memory and the rest.

    Examples:
      limpet restore kitchen.zip
      limpet restore kitchen.zip --no-settings --port /dev/ttyUSB1
    """
    from host import backup as saving
    from host.device_serial import await_agent, find_port

    made = saving.unpack(file)
    where = port or find_port()
    _ask(f"replace what is on {where} by the backup of {made.device or 'a board'}", yes)
    todo = saving.restore(where, made, settings)
    device = await_agent(where, 60.0, lambda row: typer.echo(f"  {row}", err=True), restart=True)
    if todo:
        typer.echo(f"note: {todo}", err=True)
    print(device)


def erase(
    port: Port = None,
    data: Annotated[
        bool, typer.Option("--data", help="Rules, scripts, memory alone; agent and settings stay.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Erase all of a board's flash, MicroPython too, or its data alone.

    Examples:
      limpet erase
      limpet erase --data --yes
    """
    from host import backup as saving
    from host import flash_tool
    from host.device_serial import await_agent, find_port
    from host.flash_messages import explain

    where = port or find_port()
    what = "rules, scripts, memory and journal" if data else "all of the flash"
    _ask(f"erase {what} on {where}", yes)
    if data:
        count = saving.erase_data(where)
        await_agent(where, 60.0, lambda row: typer.echo(f"  {row}", err=True), restart=True)
        typer.echo(f"{count} files erased", err=True)
        return
    try:
        flash_tool.run(where, ["erase-flash"], lambda what, percent: None)
    except flash_tool.ToolFailed as e:
        raise explain(str(e), where, "BOARD") from e
    typer.echo("erased; limpet flash makes it an agent again", err=True)


def _ask(what: str, yes: bool) -> None:
    """Return if the person wants this; end with exit code 1 if not, 2 if nobody can be asked."""
    if yes:
        return
    try:
        agreed = typer.confirm(f"{what}?", err=True)
    except typer.Abort as e:
        if sys.stdin.isatty():
            raise
        raise typer.BadParameter("nobody is here to be asked", param_hint="--yes") from e
    if not agreed:
        raise typer.Exit(1)


def doctor(
    port: Port = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST[:PORT]", help="Try this broker from here too.")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(help="The board's settings: its broker is tried.")
    ] = None,
    chip: Annotated[
        bool, typer.Option("--chip", help="Ask the chip too, which restarts the agent.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")] = False,
) -> None:
    """Look for what keeps a board from working: port, rights, chip, agent, network, broker.

    Ends with 1 if there is a problem.

    Examples:
      limpet doctor
      limpet doctor --port /dev/ttyUSB0 --settings kitchen.json --json
    """
    import json
    from dataclasses import asdict

    from host.device_settings import read_settings
    from host.doctor import Finding, Patient, examine

    known = read_settings(settings) if settings else None
    if broker:
        host, _, number = broker.partition(":")
        if number and not number.isdigit():
            raise typer.BadParameter("it is HOST or HOST:PORT", param_hint="--broker")
        known = {"broker": {"host": host, "port": int(number or 1883)}}
    found: list[Finding] = []

    def show(finding: Finding) -> None:
        found.append(finding)
        if not as_json:
            print(f"{finding.state:8} {finding.check:11} {finding.says}", flush=True)
            if finding.hint:
                print(f"{'':20} hint: {finding.hint}", flush=True)

    well = examine(Patient(port, known, chip), show)
    if as_json:
        print(json.dumps([asdict(finding) for finding in found]))
    raise typer.Exit(0 if well else 1)
