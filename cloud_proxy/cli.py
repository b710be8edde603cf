"""`limpet-proxy`: serve, report, ask, prune. Heavy imports wait until a command needs them."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_proxy.errors import UserError
from cloud_proxy.pruning.cli import app as prune

if TYPE_CHECKING:
    from cloud_proxy.edge_model import Answer

app = typer.Typer(
    name="limpet-proxy",
    help="Answers boards over MQTT: each request goes to the cheapest tier that will do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(prune, name="prune")

_Config = Annotated[Path | None, typer.Option(help="TOML file; see docs/proxy.md.")]
_Ledger = Annotated[Path | None, typer.Option(help="SQLite file with the attempts and costs.")]
_TITLES = {"input_tokens": "in", "output_tokens": "out", "cost_ud": "micro-$"}
_Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


@app.command()
def serve(
    config: _Config = None,
    broker: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Instead of the configured one.")
    ] = None,
    ledger: _Ledger = None,
    ready_fd: Annotated[
        int | None, typer.Option(help="File descriptor to write `ready` to, for a parent.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Log JSON, a line each.")] = False,
) -> None:
    """Serve boards until SIGTERM or Ctrl-C, then finish what is under way.

    SIGHUP reads the configuration again: tiers, routing and budgets, without dropping a request.

    Examples:
      limpet-proxy serve
      limpet-proxy serve --config proxy.toml --broker 10.0.0.2:1883
    """
    from cloud_proxy import app as application
    from cloud_proxy.config import load
    from cloud_proxy.logs import begin

    begin(verbose, log_json)

    def load_again() -> Any:
        settings = load(config)
        return settings if broker is None else _with_broker(settings, broker)

    settings = load_again()

    def on_ready(address: str) -> None:
        if address:
            print(f"http://{address}/v1", file=sys.stderr)
        print("ready", file=sys.stderr, flush=True)
        if ready_fd is not None:
            os.write(ready_fd, b"ready\n" + address.encode() + b"\n" * bool(address))
            os.close(ready_fd)

    application.run(settings, application.ledger_file(settings, ledger), on_ready, load_again)


@app.command()
def report(
    config: _Config = None,
    ledger: _Ledger = None,
    by: Annotated[
        str, typer.Option(metavar="tier|device|group|day", help="What to sum by.")
    ] = "tier",
    rows: Annotated[bool, typer.Option(help="One row an attempt, no sums.")] = False,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Had all of it gone to the edge tier.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write a page with plots to this file.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Say what was asked of which tier, how long it took and what it cost.

    Examples:
      limpet-proxy report
      limpet-proxy report --by device
      limpet-proxy report --by group --config proxy.toml
      limpet-proxy report --rows --json
      limpet-proxy report --html report.html
    """
    from cloud_proxy import report as reports
    from cloud_proxy.app import budgets_in_force, ledger_file
    from cloud_proxy.config import load

    if by not in reports.GROUPS:
        raise typer.BadParameter("tier, device, group or day")
    settings = load(config)
    file = ledger_file(settings, ledger)
    groups = {}
    if by == "group":
        groups = reports.groups_of(asyncio.run(budgets_in_force(settings, file)))
        if not groups:
            raise UserError(
                "there are no groups to sum by",
                "no budget is of a group, neither in the configuration nor set by an operator",
                "limpet fleet budget set group:NAME month USD --devices 'NAMES', or [[budgets]]",
            )
    made = reports.attempts_of(settings, file)
    if html:
        from cloud_proxy.report_page import page

        html.write_text(page(list(made)), "utf-8")
        return
    if what_if:
        found = [reports.counterfactual(made)]
    else:
        found = list(made) if rows else reports.sums(made, by, groups)
    if as_json:
        print(json.dumps(found))
    else:
        _table(found)


@app.command()
def ask(
    sentence: Annotated[
        str | None, typer.Argument(help="Without it: one a line on stdin.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Ask the edge model alone: no broker, no board, nothing is carried out.

    Examples:
      limpet-proxy ask "turn on the led on pin 2"
      limpet-proxy ask --json < sentences.txt
    """
    from cloud_proxy.edge_model import EdgeModel, ask_json

    try:
        model = EdgeModel.load()
    except (OSError, ValueError) as e:
        raise UserError("the edge model cannot be loaded", str(e), "reinstall limpet") from e
    for line in [sentence] if sentence is not None else _lines():
        print(ask_json(model, line) if as_json else _in_words(model.answer(line)), flush=True)


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Whose key: a device's name, a program's.")],
    keys: Annotated[Path, typer.Option(help="File of keys, as in [http] keys_file.")],
) -> None:
    """Make a key for someone who asks over HTTP. It is shown once; the file keeps its hash.

    Take the line out of the file to revoke it; a proxy that runs notices.

    Examples:
      limpet-proxy key kitchen --keys keys.txt
    """
    from cloud_proxy.keys import add

    print(add(keys, name))


@app.command()
def kill(
    state: Annotated[str, typer.Argument(metavar="on|off", help="Whether to stop spending.")],
    config: _Config = None,
    ledger: _Ledger = None,
) -> None:
    """Stop everything that costs, within a second, or let it go on. What is free is answered.

    Examples:
      limpet-proxy kill on
      limpet-proxy kill off
    """
    from cloud_proxy.app import kill_file, ledger_file, switch_shared
    from cloud_proxy.config import load
    from cloud_proxy.purse import KillSwitch

    if state not in ("on", "off"):
        raise typer.BadParameter("on or off")
    settings = load(config)
    if asyncio.run(switch_shared(settings, state == "on")):
        return
    switch = KillSwitch(kill_file(ledger_file(settings, ledger)))
    try:
        switch.put(state == "on")
    except OSError as e:
        raise UserError(f"{switch.file} cannot be changed", str(e), "mend its permissions") from e


def main() -> None:
    """Run the command line: exit 0 done, 1 failed, 2 misuse."""
    try:
        app()
    except UserError as e:
        print(e, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _with_broker(settings: Any, broker: str) -> Any:
    from cloud_proxy.config import Mqtt

    try:
        mqtt = Mqtt.model_validate({**settings.mqtt.model_dump(), "broker": broker})
    except ValueError as e:
        raise typer.BadParameter("HOST:PORT is what --broker takes") from e
    return settings.model_copy(update={"mqtt": mqtt})


def _lines() -> Iterator[str]:
    for line in sys.stdin:
        if text := line.strip():
            yield text


def _in_words(answer: "Answer") -> str:
    calls = [f"{call.tool}({json.dumps(dict(call.args))[1:-1]})" for call in answer.calls]
    return f"{answer.say}  [{'; '.join(calls) or 'no tool'}, sure by {answer.confidence:.2f}]"


def _table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 240)  # respects NO_COLOR
    if not rows:
        console.print("The ledger is empty.")
        return
    table = Table(box=None, pad_edge=False)
    for name, value in rows[0].items():
        title = _TITLES.get(name, name)
        table.add_column(title, justify="left" if isinstance(value, str) else "right")
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    console.print(table)
