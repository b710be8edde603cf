"""`limpet fleet ls|show|why|crash|logs`: what the broker keeps of many boards."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host.errors import UserError

if TYPE_CHECKING:
    from host.broker_address import Address
    from host.fleet_facts import Fleet

Broker = Annotated[
    str,
    typer.Option(envvar="LIMPET_BROKER", metavar="ADDRESS", help="HOST[:PORT] or mqtts://HOST."),
]
User = Annotated[str | None, typer.Option(envvar="LIMPET_USER", help="The broker knows us so.")]
PasswordFile = Annotated[
    Path | None, typer.Option(envvar="LIMPET_PASSWORD_FILE", help="Its first line is used.")
]
Ca = Annotated[
    Path | None, typer.Option(envvar="LIMPET_CA", help="Vouches for the broker; means TLS.")
]
Where = Annotated[
    str | None, typer.Option("--where", "-w", help="Which: 'fw<0.3 and tag=prod and online'.")
]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]
_Name = Annotated[str, typer.Argument(help="A device's name.")]
HERE = "127.0.0.1:1883"


def ls(
    where: Where = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, show changes.")] = False,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """List devices: presence, firmware, board, tags, what is out of the ordinary.

    The fields of --where: device, online, fw, board, chip, tag, tool, tz, persona, crash, drift,
    config, job. They are compared by = != < <= > >=, by ~ with * and ?, and joined by and, or,
    not. What is not known of a device does not match, whichever way it is asked. With --watch
    and --json: a line for each change.

    Examples:
      limpet fleet ls --broker broker.lan
      limpet fleet ls --where 'fw<0.3 and tag=prod and online'
      limpet fleet ls --where 'not online and device~greenhouse-*' --json
      limpet fleet ls --watch --where 'tag=prod'
    """
    from host import fleet_show
    from host.broker_address import read_address
    from host.fleet_facts import Fleet, look, matching
    from host.fleet_seen import Seen
    from host.fleet_where import given
    from host.operator import Operator

    chosen = given(where)
    address = read_address(broker, user, password_file, ca)
    if watch:
        from host import fleet_watch

        fleet_watch.run(address, chosen, as_json)
        return
    fleet, seen = Fleet(), Seen(str(address))
    with Operator(address, fleet.take) as operator:
        look(operator, fleet)
    devices, now_s = fleet.devices(), time.time()
    seen.note(devices, now_s)
    seen.save()
    found = matching(devices, chosen)
    if as_json:
        print(json.dumps([fleet_show.as_object(device, seen) for device in found]))
    else:
        print(fleet_show.table([fleet_show.row(device, seen, now_s) for device in found]))
    typer.echo(fleet_show.counts(found, len(devices)), err=True)
    warn_of_strangers(fleet)


def show(
    device: _Name,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Show all that the broker keeps of one device. Ends with 1 if that is nothing.

    Examples:
      limpet fleet show kitchen
      limpet fleet show kitchen --json | jq .info.tags
    """
    from host import fleet_show
    from host.broker_address import read_address
    from host.fleet_seen import Seen

    address = read_address(broker, user, password_file, ca)
    fleet, seen = _look(address, [device]), Seen(str(address))
    known, now_s = fleet.devices(), time.time()
    if not known:
        raise UserError(
            f"nothing is known of {device}",
            f"the broker at {address} keeps no message of it",
            f"limpet fleet why {device}",
        )
    seen.note(known, now_s)
    seen.save()
    if as_json:
        print(json.dumps(fleet_show.as_object(known[0], seen)))
    else:
        print(fleet_show.show(known[0], seen, now_s))


def why(
    device: _Name,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Say what may be wrong with a device, from what the broker keeps of it and of all others.

    Ends with 1 if there is something. What a board did and why is asked of the board itself:
    `limpet fleet ask 'why did pin 5 turn on?' kitchen`.

    Examples:
      limpet fleet why kitchen
    """
    from host import fleet_show
    from host.broker_address import read_address
    from host.fleet_seen import Seen

    address = read_address(broker, user, password_file, ca)
    fleet, seen, now_s = _look(address), Seen(str(address)), time.time()
    devices = fleet.devices()
    seen.note(devices, now_s)
    seen.save()
    found = fleet_show.why(fleet.find(device), devices, seen, now_s)
    if as_json:
        print(json.dumps(found))
    else:
        print("\n".join(found) or f"nothing is wrong with {device} that the broker could know")
    raise typer.Exit(1 if found else 0)


def crash(
    where: Where = None,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Show the last crash of each device that has reported one.

    A traceback has the names of the sources if the board runs this limpet's own release.

    Examples:
      limpet fleet crash
      limpet fleet crash --where 'fw=0.3.0' --json
    """
    from host.broker_address import read_address
    from host.fleet_facts import matching
    from host.fleet_show import plain
    from host.fleet_where import given
    from host.image import agent_names

    chosen = given(where)
    fleet = _look(read_address(broker, user, password_file, ca))
    found = [device for device in matching(fleet.devices(), chosen) if device.crash is not None]
    if as_json:
        print(json.dumps([{"device": device.name, "crash": device.crash} for device in found]))
        return
    words = agent_names().words if found else str
    for device in found:
        body = device.crash or {}
        text = body.get("text") or json.dumps(body, ensure_ascii=False)
        print(f"{device.name}:")
        for line in str(text).splitlines():
            print(f"  {plain(words(line))}")
    typer.echo(f"{len(found)} devices have reported a crash", err=True)


def logs(
    devices: Annotated[list[str] | None, typer.Argument(help="Names; default: all.")] = None,
    where: Where = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until Ctrl-C.")] = False,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Show what devices say: events, answers, crashes, coming and going.

    Without -f there is what the broker keeps: presence and the last crash.

    Examples:
      limpet fleet logs -f
      limpet fleet logs -f kitchen cellar
      limpet fleet logs -f --where 'tag=prod' --json
    """
    from host import fleet_logs
    from host.broker_address import read_address
    from host.fleet_where import given

    chosen = given(where)
    address = read_address(broker, user, password_file, ca)
    fleet_logs.run(address, devices or [], chosen, follow, as_json)


def _look(address: "Address", names: list[str] | None = None) -> "Fleet":
    from host.fleet_facts import Fleet, look
    from host.operator import Operator

    fleet = Fleet()
    with Operator(address, fleet.take) as operator:
        look(operator, fleet, names or ())
    return fleet


def warn_of_strangers(fleet: "Fleet") -> None:
    """Say that somebody publishes under names that no device has."""
    if fleet.strangers:
        text = f"note: {len(fleet.strangers)} names under limpet/v1 are no device's"
        typer.echo(f"{text}: who may publish there?", err=True)
