"""`limpet fleet cmd|set|ask|script|rule|jobs|resume`: something done with many boards."""

import json
from pathlib import Path
from typing import Annotated

import typer

from host.broker_cli import KEYS, Keys
from host.errors import UserError
from host.fleet_see_cli import HERE, Broker, Ca, Json, PasswordFile, User, Where

Devices = Annotated[
    list[str] | None, typer.Option("--device", "-d", help="This one; may be repeated.")
]
All = Annotated[bool, typer.Option("--all", help="All of whom the broker keeps something.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say who and what; send nothing.")]
Cap = Annotated[int, typer.Option(min=1, max=500, help="How many at the same time.")]
Ttl = Annotated[int, typer.Option(min=1, max=3600, help="Seconds; later it is not obeyed.")]
Wait = Annotated[int, typer.Option(min=0, help="Seconds to wait for those that are offline.")]
_File = Annotated[Path, typer.Argument(help="JSON or TOML: one, or a list of them.")]
_CAP, _TTL = 50, 30

script = typer.Typer(help="Scripts on many boards.", no_args_is_help=True)
rule = typer.Typer(help="Rules on many boards.", no_args_is_help=True)


def cmd(
    tool: Annotated[str, typer.Argument(help="See docs/tools.md.")],
    arguments: Annotated[list[str] | None, typer.Argument(metavar="[NAME=VALUE]...")] = None,
    where: Where = None,
    device: Devices = None,
    everyone: All = False,
    dry_run: DryRun = False,
    ttl: Ttl = _TTL,
    wait: Wait = 0,
    cap: Cap = _CAP,
    keys: Keys = KEYS,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Have boards call a tool, by a command signed for each of them.

    A row for each board: ok, failed, offline (not sent), no answer (sent, nobody knows). Ends with
    0 if all are ok. Ctrl-C loses nothing: limpet fleet resume.

    Examples:
      limpet fleet cmd gpio_write pin=5 value=1 --device kitchen
      limpet fleet cmd get_status --where 'tag=prod and online' --json
      limpet fleet cmd rule_delete name=night --where 'fw<0.3' --dry-run
      limpet fleet cmd gpio_write pin=5 value=0 --all --wait 3600
    """
    from host.broker_address import read_address
    from host.fleet_act import Who, act, argument

    calls = [{"tool": tool, "args": dict(argument(text) for text in arguments or [])}]
    address = read_address(broker, user, password_file, ca)
    act(
        "cmd",
        calls,
        address,
        keys,
        Who(where, device, everyone, dry_run),
        ttl,
        wait,
        cap,
        as_json,
    )


def set_(
    settings: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...")],
    where: Where = None,
    device: Devices = None,
    everyone: All = False,
    dry_run: DryRun = False,
    ttl: Ttl = _TTL,
    cap: Cap = _CAP,
    keys: Keys = KEYS,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Wish for settings: tags, tz, persona, llm.*, limits.*; null is the default again.

    The broker keeps the wish for boards that are away: those are "pending", and the command ends
    with 1. `limpet fleet ls --where drift` lists whoever has not what is wished for.

    Examples:
      limpet fleet set llm.ttl_s=20 --where 'tag=prod'
      limpet fleet set 'tags=["prod","floor-2"]' --device kitchen
      limpet fleet set persona=null --all
    """
    from host.broker_address import read_address
    from host.fleet_act import Who, act, wished

    wish = wished(settings)
    address = read_address(broker, user, password_file, ca)
    act("set", wish, address, keys, Who(where, device, everyone, dry_run), ttl, 0, cap, as_json)


def ask(
    sentence: Annotated[str, typer.Argument(help="Said to each of them.")],
    where: Where = None,
    device: Devices = None,
    everyone: All = False,
    dry_run: DryRun = False,
    ttl: Ttl = 60,
    wait: Wait = 0,
    cap: Cap = _CAP,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Say one sentence to boards and collect their answers.

    Examples:
      limpet fleet ask 'how warm is it?' --where 'tag=greenhouse and online'
      limpet fleet ask 'why did pin 5 turn on?' --device kitchen
    """
    from host.broker_address import read_address
    from host.fleet_act import Who, act

    address = read_address(broker, user, password_file, ca)
    who = Who(where, device, everyone, dry_run)
    act("ask", sentence, address, None, who, ttl, wait, cap, as_json)


def _add_push(group: typer.Typer, tool: str, words: str) -> None:
    """Add the command that stores what a file has, by this tool. words: its help."""

    @group.command("push", help=words)
    def push(
        file: _File,
        where: Where = None,
        device: Devices = None,
        everyone: All = False,
        dry_run: DryRun = False,
        ttl: Ttl = _TTL,
        wait: Wait = 0,
        cap: Cap = _CAP,
        keys: Keys = KEYS,
        broker: Broker = HERE,
        user: User = None,
        password_file: PasswordFile = None,
        ca: Ca = None,
        as_json: Json = False,
    ) -> None:
        from host.broker_address import read_address
        from host.fleet_act import Who, act, rows

        calls = rows(file, tool)
        address = read_address(broker, user, password_file, ca)
        who = Who(where, device, everyone, dry_run)
        act("cmd", calls, address, keys, who, ttl, wait, cap, as_json)


_add_push(
    script,
    "script_set",
    """Store scripts on boards: {"name", "description", "params", "steps"} as script_set has them.

        Examples:
          limpet fleet script push watering.json --where 'tag=greenhouse'
        """,
)
_add_push(
    rule,
    "rule_set",
    """Store rules on boards: {"name", "when", "if", "do"} as rule_set has them.

        Examples:
          limpet fleet rule push night.toml --where 'tag=greenhouse and tool=rule_set'
        """,
)


def jobs(as_json: Json = False) -> None:
    """List what was done with many boards from here, the latest first.

    Examples:
      limpet fleet jobs
    """
    from time import localtime, strftime

    from host.fleet_act import counted
    from host.fleet_job import all_jobs

    found = all_jobs()
    if as_json:
        told = [{"id": j.id, "kind": j.kind, "what": j.what, "broker": j.broker} for j in found]
        counts = ({"began": j.began, "counts": j.counts} for j in found)
        print(json.dumps([row | more for row, more in zip(told, counts, strict=True)]))
        return
    for job in found:
        began = strftime("%Y-%m-%d %H:%M", localtime(job.began))
        print(f"{job.id}  {began}  {job.kind:4} {counted(job):40} {json.dumps(job.what)[:60]}")


def resume(
    job_id: Annotated[str | None, typer.Argument(help="Default: the latest.")] = None,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Also where nobody knows: it may be done twice.")
    ] = False,
    wait: Wait = 0,
    cap: Cap = _CAP,
    keys: Keys = KEYS,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Go on with what was interrupted, or reached not all: those that have done it are left alone.

    Examples:
      limpet fleet resume
      limpet fleet resume 1f0c22ab --wait 600
    """
    from host import fleet_run
    from host.broker_address import read_address
    from host.fleet_act import go_on
    from host.fleet_job import load_job

    job = load_job(job_id)
    address = read_address(broker, user, password_file, ca)
    if job.broker != str(address):
        raise UserError(
            f"job {job.id} is of another broker",
            f"it was begun at {job.broker}, this is {address}",
            f"limpet fleet resume {job.id} --broker {job.broker}",
        )
    fleet_run.again(job, unknown)
    go_on(job, address, keys, wait, cap, as_json)
