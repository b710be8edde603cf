"""`limpet`: the command line. Each command imports what it needs when it runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from host import board_cli, broker_cli, device_cli, flash_cli, fleet_cli, update_cli
from host.errors import UserError

app = typer.Typer(
    name="limpet",
    help="An AI agent on a $5 ESP32, and on this desktop.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(board_cli.app, name="boards")
app.add_typer(flash_cli.image, name="image")
app.add_typer(fleet_cli.app, name="fleet")
app.add_typer(update_cli.app, name="update")
app.add_typer(broker_cli.app, name="broker")
app.command()(flash_cli.flash)
app.command()(flash_cli.provision)
app.command()(device_cli.deploy)
app.command()(device_cli.monitor)
app.command()(device_cli.console)
app.command()(device_cli.backup)
app.command()(device_cli.restore)
app.command()(device_cli.erase)
app.command()(device_cli.doctor)


@app.command()
def demo(
    interactive: Annotated[
        bool, typer.Option("--interactive", "-i", help="Stay for a conversation.")
    ] = False,
    broker: Annotated[
        str | None, typer.Option(help="mosquitto or iotcore; default: whichever is there.")
    ] = None,
) -> None:
    """Show the main job on this machine: no board, no key, no network, under a minute.

    Examples:
      limpet demo
      limpet demo -i
    """
    if broker not in (None, "mosquitto", "iotcore"):
        raise typer.BadParameter("mosquitto or iotcore", param_hint="--broker")
    from host import demo as demo_module

    demo_module.run(interactive, broker)


@app.command()
def emulate(
    file: Annotated[
        Path | None,
        typer.Argument(help="A MicroPython program; without it the agent.", metavar="[FILE.py]"),
    ] = None,
    board: Annotated[str, typer.Option(help="See `limpet boards`.")] = "esp32-devkit",
    broker: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where the agent finds its broker.")
    ] = "127.0.0.1:1883",
    name: Annotated[str, typer.Option(help="The agent's device name.")] = "emulated",
    storage: Annotated[
        Path | None, typer.Option(help="Keep the flash in this file between runs.")
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(help="Boot what `limpet image build -o` wrote, with its name and broker."),
    ] = None,
    fast: Annotated[
        bool, typer.Option("--fast", help="FILE.py only: waits take no time.")
    ] = False,
    pty: Annotated[
        bool, typer.Option("--pty", help="Put the serial line on a device file, for mpremote.")
    ] = False,
    trace: Annotated[
        list[Path] | None,
        typer.Option(help="Write what pins did and was said: a .vcd, .svg or .html file."),
    ] = None,
) -> None:
    """Run one emulated board: the agent against any broker, or a program of yours.

    With FILE.py stdout is what the program prints and the exit code is its own.

    Examples:
      limpet emulate --broker 192.168.1.10:1883 --name kitchen --storage kitchen.flash
      limpet emulate --image kitchen.bin
      limpet emulate --fast blink.py
      limpet emulate --fast --trace blink.vcd --trace blink.html blink.py
    """
    from host import emulate as emulate_module

    if file:
        raise typer.Exit(emulate_module.run_file(file, board, fast, trace or (), pty))
    if image and storage:
        raise typer.BadParameter("an image is not written to", param_hint="--storage")
    if image:
        emulate_module.run_image(board, image, trace or (), pty)
        return
    emulate_module.run_agent(board, broker, name, storage, trace or (), pty)


def _keep_lines(of: typer.Typer) -> None:
    """Have --help show examples a line each, which click would run together."""
    for command in of.registered_commands:
        if command.callback and command.callback.__doc__:
            text = command.callback.__doc__.replace("    Examples:", "    \b\n    Examples:")
            command.callback.__doc__ = text
    for group in of.registered_groups:
        if group.typer_instance:
            _keep_lines(group.typer_instance)


_keep_lines(app)


def main() -> None:
    """Run the command line: exit 0 done, 1 failed, 2 misuse."""
    try:
        app()
    except UserError as e:
        print(e, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
