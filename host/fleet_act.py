"""From what a person typed to a job that is done: who is meant, what is to be done, what came."""

import json
import tomllib
from pathlib import Path
from typing import Any, cast

import typer

from firmware import wire
from host.broker_address import Address
from host.errors import UserError
from host.fleet_facts import Fleet, look, matching
from host.fleet_job import Job, new_job
from host.fleet_kinds import kind_of
from host.fleet_progress import Progress
from host.fleet_run import Run
from host.fleet_where import given
from host.keys import Keys, read_keys
from host.operator import Operator


class Who:
    """Which devices a person means, and whether anything is to be sent to them."""

    def __init__(
        self, where: str | None, names: list[str] | None, everyone: bool, dry_run: bool
    ) -> None:
        """Raises UserError where nobody is named: what acts must be told on whom."""
        self.where = given(where)
        self.names, self.dry_run = list(dict.fromkeys(names or [])), dry_run
        if not (where is not None or names or everyone):
            raise UserError(
                "no board is named",
                "what acts on boards wants to be told on which",
                "--device NAME, --where 'tag=prod', or --all",
            )
        for name in self.names:
            if not wire.valid_name(name):
                why = "it has 1 to 32 of a-z, 0-9, - and _"
                raise UserError(f"{name!r} is no device's name", why, "limpet fleet ls")


def act(
    kind: str,
    what: Any,
    address: Address,
    keys: Path | None,
    who: Who,
    ttl: int,
    wait: int,
    cap: int,
    as_json: bool,
) -> None:
    """Do a new job and end with its exit code. keys: None where nothing is signed."""
    fleet = Fleet()
    with Operator(address, fleet.take) as operator:
        look(operator, fleet, who.names)
        known = [fleet.find(name) for name in who.names] or fleet.devices()
        names = [device.name for device in matching(known, who.where)]
        if not names:
            raise UserError(
                "no board is meant",
                f"{len(known)} are known, none matches",
                "limpet fleet ls shows them; what is not known of a board does not match",
            )
        if who.dry_run:
            print(json.dumps(names) if as_json else "\n".join(names))
            typer.echo(f"{len(names)} devices, nothing sent: {json.dumps(what)}", err=True)
            return
        job = new_job(kind, what, str(address), ttl, names)
        _do(job, operator, fleet, keys, wait, cap, as_json)


def go_on(
    job: Job, address: Address, keys: Path | None, wait: int, cap: int, as_json: bool
) -> None:
    """Do what is left of a job and end with its exit code."""
    fleet = Fleet()
    with Operator(address, fleet.take) as operator:
        look(operator, fleet, list(job.attempts))
        _do(job, operator, fleet, keys, wait, cap, as_json)


def _do(
    job: Job,
    operator: Operator,
    fleet: Fleet,
    keys: Path | None,
    wait: int,
    cap: int,
    as_json: bool,
) -> None:
    known: dict[str, Keys] = {}
    if keys and job.kind != "ask":
        known = read_keys(keys)
        if not known:
            why = "commands are signed with them"
            raise UserError(f"{keys} has no keys", why, "--keys FILE, or LIMPET_KEYS")
    with Progress(job, as_json) as progress:
        try:
            run = Run(job, kind_of(job, known), fleet, cap, float(wait), progress.told)
            run.go(operator)
        except KeyboardInterrupt:
            progress.stop()
            typer.echo(f"hint: limpet fleet resume {job.id}", err=True)
            raise
    if as_json:
        print(json.dumps(job.rows()))
    typer.echo(f"job {job.id}: {counted(job)}", err=True)
    raise typer.Exit(0 if job.is_done else 1)


def counted(job: Job) -> str:
    """Return how many devices are in each state, in words."""
    return ", ".join(f"{count} {state}" for state, count in sorted(job.counts.items()))


def argument(text: str) -> tuple[str, Any]:
    """Return (name, value) of NAME=VALUE; a value is JSON where it can be."""
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def wished(texts: list[str]) -> dict[str, Any]:
    """Return the settings that NAME=VALUE texts wish for. Raises UserError.

    What could cut a board off, its name, network, broker and keys, is not among them: it would be
    refused by each board, and stay wished for.
    """
    found = dict(argument(text) for text in texts)
    for name in found:
        if name not in ("tags", "tz", "persona") and name.split(".")[0] not in ("llm", "limits"):
            raise UserError(
                f"{name} cannot be set from afar",
                "there are tags, tz, persona, llm.* and limits.*",
                "limpet provision, over the serial line",
            )
    return found


def rows(file: Path, tool: str) -> list[dict[str, Any]]:
    """Return the calls of a tool that store what a file has: one, a list, or TOML's [[...]].

    Raises UserError.
    """
    try:
        text = file.read_text(encoding="utf-8")
        data: Any = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError) as e:
        raise UserError(f"{file} cannot be read", str(e), "JSON or TOML is expected") from e
    if isinstance(data, dict) and "name" not in data:
        tables = list(cast("dict[str, Any]", data).values())
        data = tables[0] if len(tables) == 1 else None
    found = cast("list[Any]", data if isinstance(data, list) else [data])
    if not found or not all(isinstance(row, dict) and "name" in row for row in found):
        raise UserError(f"{file} has none", "each is an object with a name", "see docs/tools.md")
    if len(found) > wire.MAX_CALLS:
        most = f"{wire.MAX_CALLS} are the most in a command"
        raise UserError(f"{file} has {len(found)}", most, "make it two files")
    return [{"tool": tool, "args": row} for row in found]
