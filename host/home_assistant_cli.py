"""`limpet fleet home-assistant`: boards as devices of Home Assistant."""

from pathlib import Path
from typing import Annotated

import typer

from host.fleet_see_cli import HERE, Broker, Ca, PasswordFile, User, Where
from host.home_assistant import PREFIX

_Keys = Annotated[
    Path, typer.Option("--keys", envvar="LIMPET_KEYS", help="The key file of the boards.")
]


def home_assistant(
    keys: _Keys,
    where: Where = None,
    every: Annotated[
        float, typer.Option(min=1, max=86400, help="Seconds between two looks at a board.")
    ] = 60.0,
    prefix: Annotated[str, typer.Option(help="Home Assistant's discovery prefix.")] = PREFIX,
    release: Annotated[
        Path | None, typer.Option(help="A signed release that may be installed from there.")
    ] = None,
    remove: Annotated[
        bool, typer.Option("--remove", help="Take back those of --where, or of --keys.")
    ] = False,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
) -> None:
    """Show boards in Home Assistant, and let it switch them: until Ctrl-C.

    Named things become switches, binary sensors, sensors where they have a unit, and servos'
    angles; a text field says something to the agent, a sensor has its answer; memory, uptime and
    Wi-Fi are diagnostics. Home Assistant needs its MQTT integration on the same broker. Whatever
    is switched there becomes a command signed with the key file, so a board's own rules on pins
    and rates hold. With --release its update page installs that release, on one board at a time.

    Examples:
      limpet fleet home-assistant --keys greenhouse.csv.keys.toml
      limpet fleet home-assistant --keys keys.toml --where 'tag=home' --every 30
      limpet fleet home-assistant --keys keys.toml --release release-0.2
      limpet fleet home-assistant --keys keys.toml --where 'device=attic' --remove
    """
    from functools import partial
    from importlib.metadata import version

    from host.broker_address import read_address
    from host.errors import UserError
    from host.fleet_where import given
    from host.home_assistant_bridge import Bridge
    from host.home_assistant_update import read
    from host.keys import read_keys

    known = read_keys(keys)
    if not known:
        hint = "limpet fleet flash makes one; or --keys FILE"
        raise UserError(f"no keys in {keys}", "nothing can be signed without", hint)
    chosen = given(where)

    def tell(line: str) -> None:
        print(line, flush=True)

    offer = partial(read, release) if release else None
    latest = version("limpet")
    bridge = Bridge(known, chosen, tell, every_s=every, prefix=prefix, latest=latest, offer=offer)
    with bridge.open(read_address(broker, user, password_file, ca)) as operator:
        if remove:
            print(f"{bridge.remove(operator)} boards taken back")
            return
        try:
            bridge.run(operator)
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
