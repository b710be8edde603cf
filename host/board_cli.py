"""`limpet boards`: list the board files, show one, start one of your own."""

import json
from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]
_Like = Annotated[str, typer.Option(help="The board to start from.")]

app = typer.Typer(help="The boards that there are: what flash and pins they have.")


@app.callback(invoke_without_command=True)
def boards(context: typer.Context, as_json: Json = False) -> None:
    """List the boards that there are, or see `ls`, `show` and `new`.

    Examples:
      limpet boards
      limpet boards show esp32-devkit
    """
    if context.invoked_subcommand is None:
        ls(as_json)


@app.command()
def ls(as_json: Json = False) -> None:
    """List the boards that ship."""
    from host.boards import board_names, load_board

    specs = [load_board(name) for name in board_names()]
    if as_json:
        print(json.dumps([spec.model_dump(mode="json") for spec in specs]))
        return
    for spec in specs:
        print(f"{spec.name:18} {spec.chip:8} {spec.flash_mb} MB flash  {spec.title}")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="A board of `limpet boards`, or a .toml file.")],
    as_json: Json = False,
) -> None:
    """Show one board: its flash, its pins, and why some of them are not to be used."""
    from host.boards import load_board

    board = load_board(name)
    if as_json:
        print(json.dumps(board.model_dump(mode="json")))
        return
    pins = board.pins
    print(f"{board.name}: {board.title}")
    print(f"  chip       {board.silicon.title}, {board.flash_mb} MB flash")
    print(f"  firmware   {board.firmware} at {board.base_offset:#x}")
    print(f"  files      from {board.vfs_offset:#x}, {board.vfs_bytes // 1024} KB")
    print(f"  usable     {_listed(pins.usable)}")
    print(f"  input only {_listed(pins.input_only)}")
    print(f"  adc        {_listed(pins.adc)}")
    if pins.i2c:
        print(f"  i2c        sda {pins.i2c['sda']}, scl {pins.i2c['scl']}")
    if board.led:
        low = ", on when low" if board.led.inverted else ""
        print(f"  led        {board.led.pin} ({board.led.kind}{low})")
    for button in board.button:
        print(f"  button     {button.name} on {button.pin}")
    for part, pin in board.wired.items():
        print(f"  wired      {part} on {pin}")
    for title, rows in (("careful", pins.strapping), ("forbidden", pins.forbidden)):
        for span, why in rows.items():
            print(f"  {title:10} {span}: {why}")


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it is called: a-z, 0-9 and -.")],
    like: _Like = "esp32-devkit",
) -> None:
    """Start a board file of your own here: a copy of another one, to be edited.

    Examples:
      limpet boards new greenhouse --like esp32c3-xiao
      limpet emulate --board greenhouse.toml
    """
    from host.boards import new_board

    print(new_board(name, like, Path()))
    typer.echo(f"edit it, then: limpet boards show {name}.toml", err=True)


def _listed(numbers: tuple[int, ...]) -> str:
    return " ".join(map(str, numbers)) or "none"
