"""`limpet flash`, and `limpet image`: what is written to a board, as a file."""

from pathlib import Path
from typing import Annotated

import typer

Board = Annotated[str, typer.Option("--board", help="See `limpet boards`; or a .toml file.")]
Settings = Annotated[
    Path | None, typer.Option(help="JSON as /settings.json has it; else the board waits for them.")
]
Name = Annotated[str | None, typer.Option(help="What the board is called; default: a new name.")]
Broker = Annotated[str | None, typer.Option(metavar="HOST[:PORT]", help="The board's broker.")]
Ssid = Annotated[str | None, typer.Option(help="Its Wi-Fi; the password is asked for.")]
PskFile = Annotated[
    Path | None, typer.Option(help="Make a TLS-PSK for MicroPython after June 2026, and add it.")
]
KeyFile = Annotated[
    Path | None,
    typer.Option("--keys", help="Give the board its keys from this file; made there if new."),
]
CaFile = Annotated[
    Path | None, typer.Option("--ca", help="By this certificate the board knows its broker: TLS.")
]
UpdateKey = Annotated[
    Path | None,
    typer.Option(help="What `limpet update keygen` printed: whose updates to take."),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="Show what the board says at any start, too.")
]
_OWN = "settings in a file say that themselves, keys in broker.tls and cmd_key"
BaseFile = Annotated[Path | None, typer.Option("--base", help="MicroPython's .bin for this chip.")]

image = typer.Typer(help="What is written to a board, as a file.", no_args_is_help=True)


@image.callback()
def _group() -> None:  # pyright: ignore[reportUnusedFunction]
    """Keep `build` a command of its own, though it is the only one."""


@image.command()
def build(
    output: Annotated[Path | None, typer.Option("-o", help="The file to write.")] = None,
    board: Board = "esp32-devkit",
    settings: Settings = None,
    ca: CaFile = None,
    update_key: UpdateKey = None,
    base: BaseFile = None,
    merged: Annotated[
        bool, typer.Option("--merged", help="MicroPython and files in one, for flash 0 on.")
    ] = False,
    web: Annotated[
        Path | None, typer.Option(help="A folder for ESP Web Tools: manifest and parts, no keys.")
    ] = None,
) -> None:
    """Build the file system of a board, mount it again and boot it on the emulator.

    Examples:
      limpet image build -o files.bin --settings kitchen.json
      limpet image build -o all.bin --merged --base ESP32_GENERIC-v1.28.0.bin
      limpet image build --web site --base ESP32_GENERIC-v1.28.0.bin
    """
    from importlib.metadata import version

    from host import image_build
    from host.board_trust import read_trust
    from host.boards import load_board
    from host.device_settings import read_settings
    from host.image import agent_names
    from host.secret_file import write_secret

    if (merged or web) and base is None:
        raise typer.BadParameter("name MicroPython's image", param_hint="--base")
    if web and settings:
        raise typer.BadParameter("a hosted image has none", param_hint="--settings")
    if output is None and web is None:
        raise typer.BadParameter("name a file", param_hint="-o")
    spec = load_board(board)
    chosen = image_build.load_base(base, spec) if base else None
    if web and chosen:
        for path in image_build.write_web(web, spec, chosen, version("limpet")):
            print(path)
    if output is None:
        return
    given = read_settings(settings) if settings else None
    trust = read_trust(ca, update_key)
    if given is not None:
        given = trust.named(given)
    files = image_build.files_region(spec, given, chosen, kept=trust.files)
    data = files.data
    if merged and chosen:
        data = image_build.merged([image_build.base_region(chosen), files])
    if given:
        write_secret(output, data)  # it has passwords and keys in it
    else:
        output.write_bytes(data)
    print(output)
    names = output.with_name(output.name + ".names.json")
    names.write_text(agent_names().to_json() + "\n")
    typer.echo(f"{names} makes tracebacks readable", err=True)
    where = 0 if merged else files.offset
    typer.echo(f"{len(data)} bytes for {where:#x} of {spec.title}; it booted here", err=True)


def flash(
    board: Board = "esp32-devkit",
    port: Annotated[str | None, typer.Option(help="Default: the one that looks like it.")] = None,
    settings: Settings = None,
    image: Annotated[
        Path | None, typer.Option(help="What `limpet image build -o` wrote, byte for byte.")
    ] = None,
    name: Name = None,
    broker: Broker = None,
    ssid: Ssid = None,
    psk_file: PskFile = None,
    keys: KeyFile = None,
    ca: CaFile = None,
    update_key: UpdateKey = None,
    firmware: Annotated[
        Path | None, typer.Option(help="MicroPython's .bin in place of the official one.")
    ] = None,
    sha256: Annotated[str | None, typer.Option(help="What --firmware must hash to.")] = None,
    erase: Annotated[
        bool, typer.Option("--erase", help="Forget all that is on the board, rules too.")
    ] = False,
    agent_only: Annotated[
        bool, typer.Option("--agent-only", help="Leave MicroPython as it is.")
    ] = False,
    baud: Annotated[int, typer.Option(help="Slower is surer on a bad cable.")] = 460800,
    wait: Annotated[bool, typer.Option(help="Wait until the agent says hello.")] = True,
    verbose: Verbose = False,
) -> None:
    """Put MicroPython and the agent onto a board; its settings, rules and memory stay.

    A board without settings gets some: from a file, from the options, or asked for.

    Examples:
      limpet flash --broker 192.168.1.10 --ssid home
      limpet flash --settings kitchen.json
      limpet flash --image kitchen.bin
      limpet flash --board esp32c3-xiao --port /dev/ttyACM0 --erase
    """
    from host.board_trust import read_trust
    from host.flash_run import Wish, run
    from host.settings_dialog import Given

    given = Given(name, broker, ssid, psk_file, keys)
    if settings and given.is_any:
        raise typer.BadParameter(_OWN, param_hint="--settings")
    if image and (settings or given.is_any or ca or update_key):
        raise typer.BadParameter("it has its settings in it", param_hint="--image")
    trust = read_trust(ca, update_key)
    how = (erase, agent_only, baud, wait, verbose)
    run(Wish(board, port, settings, image, given, trust, firmware, sha256, *how))


def provision(
    port: Annotated[str | None, typer.Option(help="Default: the one that looks like it.")] = None,
    settings: Settings = None,
    name: Name = None,
    broker: Broker = None,
    ssid: Ssid = None,
    psk_file: PskFile = None,
    keys: KeyFile = None,
    ca: CaFile = None,
    update_key: UpdateKey = None,
    wait: Annotated[bool, typer.Option(help="Wait until the agent says hello.")] = True,
    verbose: Verbose = False,
) -> None:
    """Give a flashed board its settings over the serial line: from a file, or asked here.

    Examples:
      limpet provision
      limpet provision --broker 192.168.1.10 --ssid home --name kitchen
      limpet provision --settings kitchen.json --port /dev/ttyUSB0
    """
    from host import provision as provisioning
    from host.board_trust import read_trust
    from host.device_console import greeting
    from host.device_serial import await_agent, find_port
    from host.device_settings import read_settings
    from host.settings_dialog import Given, ask

    given = Given(name, broker, ssid, psk_file, keys)
    if settings and given.is_any:
        raise typer.BadParameter(_OWN, param_hint="--settings")
    where = port or find_port()
    trust = read_trust(ca, update_key)
    chosen = trust.named(read_settings(settings) if settings else ask(given, where))
    provisioning.write_settings(where, chosen, restart=not wait, files=trust.files)
    if wait:

        def tell(row: str) -> None:
            typer.echo(f"  {row}", err=True)

        await_agent(where, 60.0, tell, restart=True, verbose=verbose)
        typer.echo(greeting(where, chosen["device"]), err=True)
    print(chosen["device"])
