"""What one does with a board that runs: deploy, monitor, console, backup, restore, erase."""

from typing import Annotated

import typer

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
