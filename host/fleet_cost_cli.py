"""`limpet fleet cost`, `budget ls|set|rm` and `kill-switch`: what a fleet may spend, and did."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host.fleet_see_cli import HERE, Broker, Ca, Json, PasswordFile, User, Where

if TYPE_CHECKING:
    from host.broker_address import Address
    from host.proxy_admin import ProxyAdmin

_HERE = "http://127.0.0.1:8080"
_BY = ("device", "group", "day", "tier")
_Proxy = Annotated[
    str, typer.Option(envvar="LIMPET_PROXY", metavar="URL", help="Where the proxy's [http] is.")
]
_KeyFile = Annotated[
    Path | None,
    typer.Option(envvar="LIMPET_ADMIN_KEY_FILE", help="Its first line is an operator's key."),
]
_Scope = Annotated[str, typer.Argument(help="fleet, device (each one), or group:NAME.")]
_Per = Annotated[str, typer.Argument(metavar="hour|day|month", help="In each of these, UTC.")]

budget = typer.Typer(help="What may be spent.", no_args_is_help=True)


def cost(
    by: Annotated[
        str, typer.Option(metavar="device|group|day|tier", help="What to sum by.")
    ] = "device",
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="2026-11-01; default: this month. UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="And before this day.")] = None,
    top: Annotated[int | None, typer.Option(min=1, help="The dearest so many.")] = None,
    where: Where = None,
    proxy: _Proxy = _HERE,
    admin_key_file: _KeyFile = None,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Say what devices, groups, days or tiers have cost, in tokens and in money, dearest first.

    From the ledger of the proxy that is asked; with [shared] postgres that is everybody's. The
    groups are those that budgets name. With --where, which asks the broker, only the devices that
    match now: what a tag has cost.

    Examples:
      limpet fleet cost
      limpet fleet cost --where 'tag=greenhouse'
      limpet fleet cost --by day --since 2026-11-01
      limpet fleet cost --top 10 --json
    """
    from host import fleet_cost
    from host.broker_address import read_address

    if by not in _BY:
        raise typer.BadParameter(", ".join(_BY), param_hint="--by")
    if where is not None and by != "device":
        raise typer.BadParameter("it selects devices: --by device", param_hint="--where")
    matches = _matching(where, read_address(broker, user, password_file, ca)) if where else None
    query = {"by": by} | ({"since": since} if since else {}) | ({"until": until} if until else {})
    told = _admin(proxy, admin_key_file, ca).ask("GET", "cost", None, **query)
    found = [row for row in told["rows"] if matches is None or row[by] in matches]
    rows = fleet_cost.in_order(by, found)
    shown = rows if top is None else rows[:top]
    if as_json:
        print(json.dumps(shown))
        return
    if shown:
        print("\n".join(fleet_cost.cost_lines(by, shown)))
    if by != "group":  # a device may be in several
        typer.echo(fleet_cost.total_line(told, rows), err=True)


@budget.command("ls")
def ls(
    proxy: _Proxy = _HERE,
    admin_key_file: _KeyFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """List the budgets that hold, and what they have cost in their hour, day or month so far.

    Examples:
      limpet fleet budget ls
    """
    from host import fleet_cost

    told = _admin(proxy, admin_key_file, ca).ask("GET", "budgets")
    if as_json:
        print(json.dumps(told["budgets"]))
    elif told["budgets"]:
        print("\n".join(fleet_cost.budget_lines(told["budgets"])))
    else:
        typer.echo("no budgets: limpet fleet budget set fleet month 20", err=True)
    if told["kill_switch"]:
        typer.echo("the kill switch is on: nothing that costs is asked", err=True)


@budget.command("set")
def set_(
    scope: _Scope,
    per: _Per,
    usd: Annotated[float, typer.Argument(min=0.0, help="Dollars; 0: nothing that costs.")],
    devices: Annotated[
        str | None, typer.Option(help="Names or patterns: 'gh-*,roof'; a group needs them once.")
    ] = None,
    proxy: _Proxy = _HERE,
    admin_key_file: _KeyFile = None,
    ca: Ca = None,
) -> None:
    """Set what may be spent, from the next request on, in place of what proxy.toml says of it.

    What the present hour, day or month has cost already counts.

    Examples:
      limpet fleet budget set fleet month 20
      limpet fleet budget set device hour 0.05
      limpet fleet budget set group:greenhouse month 5 --devices 'gh-*,roof'
    """
    body: dict[str, object] = {"usd": usd}
    if devices is not None:
        body["devices"] = [name for part in devices.split(",") if (name := part.strip())]
    told = _admin(proxy, admin_key_file, ca).ask("PUT", f"budgets/{scope}/{per}", body)
    _say_what_holds(scope, per, told)


@budget.command("rm")
def rm(
    scope: _Scope,
    per: _Per,
    proxy: _Proxy = _HERE,
    admin_key_file: _KeyFile = None,
    ca: Ca = None,
) -> None:
    """Forget a budget that was set; what proxy.toml says of the same holds again.

    Examples:
      limpet fleet budget rm group:greenhouse month
    """
    told = _admin(proxy, admin_key_file, ca).ask("DELETE", f"budgets/{scope}/{per}")
    if not told["holds"]:
        print(f"{scope} {per}: no budget")
    for row in told["holds"]:
        _say_what_holds(scope, per, row)


def kill_switch(
    state: Annotated[
        str | None, typer.Argument(metavar="[on|off]", help="Without it: say which it is.")
    ] = None,
    proxy: _Proxy = _HERE,
    admin_key_file: _KeyFile = None,
    ca: Ca = None,
) -> None:
    """Stop everything that costs, or let it go on. What is free, such as the edge tier, answers.

    The same switch as `limpet-proxy kill`.

    Examples:
      limpet fleet kill-switch on
      limpet fleet kill-switch
    """
    if state not in (None, "on", "off"):
        raise typer.BadParameter("on or off")
    admin = _admin(proxy, admin_key_file, ca)
    if state is None:
        told = admin.ask("GET", "kill-switch")
    else:
        told = admin.ask("PUT", "kill-switch", {"on": state == "on"})
    print("on" if told["on"] else "off")


def _matching(where: str, address: "Address") -> set[str]:
    """Return the names of the devices that match by what the broker keeps of them."""
    from host.fleet_facts import Fleet, look, matching
    from host.fleet_where import given
    from host.operator import Operator

    chosen, fleet = given(where), Fleet()
    with Operator(address, fleet.take) as operator:
        look(operator, fleet)
    return {device.name for device in matching(fleet.devices(), chosen)}


def _admin(proxy: str, key_file: Path | None, ca: Path | None) -> "ProxyAdmin":
    from host.proxy_admin import ProxyAdmin

    admin = ProxyAdmin(proxy, key_file, ca)
    if admin.unsafe:
        text = (
            "warning: over http:// the key can be read on the way; put https:// before the proxy"
        )
        typer.echo(text, err=True)
    return admin


def _say_what_holds(scope: str, per: str, row: dict[str, object]) -> None:
    from host.fleet_cost import usd

    print(f"{scope} {per}: {usd(round(float(str(row['usd'])) * 1e6))}")
