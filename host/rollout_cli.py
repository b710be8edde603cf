"""`limpet update rollout`: a signed release, to one board, then to more."""

import json
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from host.errors import UserError
from host.fleet_see_cli import HERE, Broker, Ca, Json, PasswordFile, User, Where

if TYPE_CHECKING:
    from host.rollout import Rollout

app = typer.Typer(help="A signed release, to one board, then to more.", no_args_is_help=True)
_Folder = Annotated[Path, typer.Argument(help="The release.", metavar="FOLDER")]


@app.command()
def start(
    folder: _Folder,
    where: Where = None,
    everyone: Annotated[bool, typer.Option("--all", help="All boards.")] = False,
    canary: Annotated[str | None, typer.Option(help="The first board; default: any.")] = None,
    waves: Annotated[
        str, typer.Option(help="Percent of the boards, after the canary.")
    ] = "1,5,25,100",
    soak: Annotated[int, typer.Option(min=0, help="Seconds between waves.")] = 600,
    cap: Annotated[int, typer.Option(min=1, max=500, help="Boards at the same time.")] = 50,
    max_failures: Annotated[int, typer.Option(min=1, help="So many failures halt it.")] = 5,
    max_failed_pct: Annotated[
        float, typer.Option(min=0, max=100, help="A larger share halts it, too.")
    ] = 2,
    min_ended: Annotated[
        int, typer.Option(min=1, help="So many must have ended before the share counts.")
    ] = 100,
    silence: Annotated[
        int, typer.Option(min=1, help="Seconds without a word: the board has failed.")
    ] = 1800,
    forgive: Annotated[
        bool, typer.Option("--forgive", help="Go on after a halt; as many failures halt it again.")
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Go on with what another operator has begun.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be.")] = False,
    broker: Broker = HERE,
    user: User = None,
    password_file: PasswordFile = None,
    ca: Ca = None,
    as_json: Json = False,
) -> None:
    """Offer a release to boards: a canary, then waves with a pause between them.

    It halts by itself: when the canary fails, at --max-failures whatever the share, at a share
    over --max-failed-pct once --min-ended have ended. No more than --max-failures and --cap boards
    together can come to harm. Run again it goes on: after Ctrl-C, with those that were offline;
    after a halt with --forgive. Ends with 0 if it is finished and all have it.

    One operator runs it at a time: the broker keeps his claim. When he is gone, another goes on
    with --take-over; what has failed so far counts on.

    Examples:
      limpet update rollout start release-0.2 --where 'tag=prod and fw<0.2' --dry-run
      limpet update rollout start release-0.2 --where 'tag=prod' --canary bench-1
      limpet update rollout start release-0.2 --all --waves 10,100 --soak 60
      limpet update rollout start release-0.2 --where 'tag=prod' --take-over
    """
    from host import rollout_run, update
    from host.broker_address import read_address
    from host.fleet_facts import Fleet, look, matching
    from host.fleet_where import given
    from host.operator import Operator
    from host.rollout import ABORTED, FINISHED, HALTED, RUNNING, Plan
    from host.rollout_claim import Holder

    chosen = given(where)
    try:
        shares = tuple(float(share) for share in waves.split(","))
        plan = Plan(shares, soak, cap, max_failures, max_failed_pct, min_ended, silence)
    except ValueError as e:
        raise typer.BadParameter(str(e), param_hint="--waves") from e
    release, payload = update.read(folder), update.read_signed(folder)
    job_id, boards = str(release.job["id"]), release.job.get("boards")
    address = read_address(broker, user, password_file, ca)
    fleet = Fleet()
    holder = Holder(
        job_id, folder / rollout_run.LOCK, told=lambda text: typer.echo(text, err=True)
    )

    def heard(topic: str, payload: bytes) -> None:
        fleet.take(topic, payload)
        holder.heard(topic, payload)

    with rollout_run.locked(folder), Operator(address, heard) as operator:
        look(operator, fleet)
        names: list[str] = []
        if not (folder / rollout_run.STATE).exists():
            if where is None and not everyone:
                why = "what acts on boards wants to be told on which"
                raise UserError("no board is named", why, "--where 'tag=prod', or --all")
            for device in matching(fleet.devices(), chosen):
                if not boards or (device.info or {}).get("board") in boards:
                    names.append(device.name)
            names = _ordered(names, canary)
        rollout = rollout_run.begin(folder, job_id, plan, names)
        if dry_run:
            print(json.dumps(rollout.order) if as_json else "\n".join(rollout.order))
            typer.echo(f"{len(rollout.order)} boards, nothing offered", err=True)
            return
        with holder.taken(operator, rollout, take_over):
            rollout_run.save(folder, rollout)
            if rollout.status in (HALTED, ABORTED) and not forgive:
                raise UserError(
                    f"the rollout of {job_id} is {rollout.status}",
                    rollout.why,
                    "--forgive goes on",
                )
            if rollout.status != RUNNING:
                rollout.resume()
            tell = _Said(as_json).tell
            carrier = rollout_run.Carrier(folder, rollout, payload, release.block, tell, holder)
            carrier.go(operator, fleet)
    done = rollout.counts["done"] == len(rollout.order)
    raise typer.Exit(0 if rollout.status == FINISHED and done else 1)


@app.command()
def status(folder: _Folder, as_json: Json = False) -> None:
    """Say how far a rollout is, and which boards have failed.

    Examples:
      limpet update rollout status release-0.2 --json
    """
    from host import rollout_run
    from host.fleet_show import plain
    from host.rollout import FAILED, to_json

    rollout = rollout_run.load(folder)
    running = rollout_run.is_running(folder)
    if as_json:
        print(json.dumps({**to_json(rollout), "counts": rollout.counts, "is_running": running}))
        return
    print(_line(rollout) + ("" if running else "; nobody runs it now"))
    for name, device in rollout.progress.items():
        if device.state == FAILED:
            print(f"  {name:24} {plain(device.why)}")


@app.command()
def pause(folder: _Folder) -> None:
    """Offer it to nobody until `resume`; those under way go on.

    Examples:
      limpet update rollout pause release-0.2
    """
    _wish(folder, "pause")


@app.command()
def resume(folder: _Folder) -> None:
    """Go on after `pause`. Where nobody runs it, `start` does.

    Examples:
      limpet update rollout resume release-0.2
    """
    _wish(folder, "resume")


@app.command()
def abort(folder: _Folder) -> None:
    """End it: take the offer back from those who have not fetched it.

    Examples:
      limpet update rollout abort release-0.2
    """
    _wish(folder, "abort")


class _Said:
    """Tells of each change: a line that differs from the one before."""

    def __init__(self, as_json: bool) -> None:
        self._as_json, self._last = as_json, ""

    def tell(self, rollout: "Rollout") -> None:
        line = _line(rollout)
        if line == self._last:
            return
        self._last = line
        if self._as_json:
            told = {"t": round(time.time(), 3), "status": rollout.status, "why": rollout.why}
            told |= {"wave": rollout.wave, "counts": rollout.counts}
            print(json.dumps(told), flush=True)
        else:
            print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


def _line(rollout: "Rollout") -> str:
    where = f"wave {rollout.wave}" if rollout.wave else "canary"
    counts = ", ".join(f"{n} {state}" for state, n in sorted(rollout.counts.items()))
    why = f": {rollout.why}" if rollout.why else ""
    return f"{rollout.id} {rollout.status}{why}, {where} of {len(rollout.plan.waves)}: {counts}"


def _ordered(names: list[str], canary: str | None) -> list[str]:
    """Return names in the order of the rollout: by chance, so that a wave is a fair sample."""
    if not names:
        raise UserError("no board is meant", "none matches", "limpet fleet ls shows them")
    if canary is not None and canary not in names:
        raise UserError(
            f"{canary} is not among them", "the canary is one of those meant", "see --where"
        )
    random.shuffle(names)
    return [canary, *(n for n in names if n != canary)] if canary else names


def _wish(folder: Path, what: str) -> None:
    from host import rollout_run

    rollout = rollout_run.wish(folder, what)
    running = rollout_run.is_running(folder)
    typer.echo("told whoever runs it" if running else _line(rollout), err=True)
