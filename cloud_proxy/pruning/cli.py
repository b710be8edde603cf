"""`limpet-proxy prune`: probe, run, eval, report, export, serve. Talk goes to stderr."""
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cloud_proxy.errors import UserError

if TYPE_CHECKING:
    from .engine import Plan
    from .measure import Progress
    from .sources import Source

app = typer.Typer(
    help="Make a language model, or edge, smaller: choose, prune, measure, say what it weighs.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_Model = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A Hugging Face folder, a .gguf file, a folder that `run` wrote, smollm2, or edge.",
    ),
]
_Sparsity = Annotated[float, typer.Option(min=0.0, max=0.99, help="Share of weights that go.")]
_Score = Annotated[str, typer.Option(metavar="magnitude|wanda|sparsegpt")]
_Samples = Annotated[int, typer.Option(min=2, help="Calibration windows.")]
_Length = Annotated[int, typer.Option(min=16, help="Tokens a window; none is padded.")]
_Text = Annotated[
    Path | None, typer.Option(help="UTF-8 text; without it Python's own language reference.")
]
_Seed = Annotated[int, typer.Option(help="Which windows of the text are taken.")]
_Threads = Annotated[int, typer.Option(min=0, help="Of torch; 0 is its own choice.")]
_Json = Annotated[bool, typer.Option("--json", help="JSON on stdout, for programs.")]


@app.command()
def probe(
    model: _Model,
    work: Annotated[Path, typer.Option(help="Folder for what was measured.")] = Path("prune-work"),
    sparsity: _Sparsity = 0.5,
    score: _Score = "wanda",
    samples: _Samples = 16,
    length: _Length = 512,
    text: _Text = None,
    seed: _Seed = 1,
    sensitivity: Annotated[
        bool, typer.Option(help="Also measure each layer's damage, which takes longest.")
    ] = True,
    threads: _Threads = 0,
    as_json: _Json = False,
) -> None:
    """Compare allocations on held-out text and say which to use. Nothing is written but --work.

    Ctrl-C stops it; the same command goes on with the layer it had reached.

    Examples:
      limpet-proxy prune probe smollm2 --sparsity 0.7
      limpet-proxy prune probe ./Qwen2.5-0.5B --score sparsegpt --json
    """
    _check(score)
    _torch(threads)
    from . import edge_commands
    from .probe import probe as compare

    if edge := edge_commands.file_of(model):
        with _progress() as tell:
            found = edge_commands.probe(edge, sparsity, score, seed, tell)
    else:
        source, plan = _source(model), _plan(sparsity, score, samples, length, text, seed)
        folder = work / f"{source.digest()}-{samples}x{length}-{seed}-{_name(text)}"
        with _progress() as tell:
            found = compare(source, plan, folder, tell, sensitivity)
    best = found.candidates[0]
    if as_json:
        rows = [{"method": c.method, "level": c.level, "loss": c.loss} for c in found.candidates]
        print(json.dumps({"dense": found.dense, "candidates": rows, "warnings": found.warnings}))
        return
    _table(
        ("allocation", "level", "held-out loss", "over dense"),
        [
            (c.method, c.level, f"{c.loss:.3f}", f"+{c.loss - found.dense:.3f}")
            for c in found.candidates
        ],
    )
    for line in found.warnings:
        print(f"warning: {line}", file=sys.stderr)
    print(
        f"hint: limpet-proxy prune run {model} --sparsity {sparsity} --score {score} "
        f"--allocation {best.method} --level {best.level} --out FOLDER",
        file=sys.stderr,
    )


@app.command()
def run(
    model: _Model,
    out: Annotated[Path, typer.Option(help="Folder for the packed model.")],
    sparsity: _Sparsity = 0.5,
    score: _Score = "wanda",
    allocation: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="uniform, owl, dlp, alpha, ramp, lsa, lsa-reversed, lsa-measured, sensitivity.",
        ),
    ] = "uniform",
    level: Annotated[str, typer.Option(metavar="layer|block|projection")] = "layer",
    bits: Annotated[int, typer.Option(metavar="4|16", help="4: INT4, packed.")] = 4,
    group: Annotated[int, typer.Option(min=8, help="Columns that share an INT4 scale.")] = 32,
    samples: _Samples = 16,
    length: _Length = 512,
    text: _Text = None,
    seed: _Seed = 1,
    tune: Annotated[
        int, typer.Option(min=0, help="Steps that train what is left of each layer; 0 for none.")
    ] = 0,
    steps: Annotated[int, typer.Option(min=0, help="Of recovery training; edge only.")] = 2000,
    threads: _Threads = 0,
    as_json: _Json = False,
) -> None:
    """Prune a model, layer by layer, into a folder of packed layers.

    Ctrl-C stops it; the same command goes on with the layer it had reached. The edge model is
    trained on while its smallest weights go, into one packed file, from the start each time.

    Examples:
      limpet-proxy prune run edge --sparsity 0.7 --out edge.packed
      limpet-proxy prune run smollm2 --sparsity 0.5 --score sparsegpt --out smol-50
      limpet-proxy prune run ./model --sparsity 0.7 --allocation ramp --out model-70
    """
    _check(score, allocation, level, bits)
    _torch(threads)
    from . import edge_commands, engine

    edge = edge_commands.file_of(model)
    plan = _plan(sparsity, score, samples, length, text, seed)
    plan = replace(plan, method=allocation, level=level, bits=bits, group=group, tune=tune)
    with _progress() as tell:
        if edge:
            made = edge_commands.run(edge, out, sparsity, group, steps, seed, tell)
        else:
            made = engine.run(_source(model), plan, out, tell)
    _say(made, as_json)


@app.command("eval")
def evaluate(
    model: _Model,
    text: _Text = None,
    windows: Annotated[int, typer.Option(min=1, help="Windows of text, from its start.")] = 8,
    length: _Length = 512,
    threads: _Threads = 0,
    as_json: _Json = False,
) -> None:
    """Measure perplexity on a text and tokens a second of reading and of writing.

    Examples:
      limpet-proxy prune eval smollm2 --text book.txt
      limpet-proxy prune eval smol-50 --text book.txt --json
    """
    from .edge_commands import file_of
    from .edge_commands import measure as measure_edge

    if edge := file_of(model):
        with _progress() as tell:
            row = measure_edge(edge, tell)
        _say(row, as_json)
        return
    _torch(threads)
    from . import measure, texts
    from .generate import speed

    source = _source(model)
    ids = texts.tokens(source.tokenizer(), texts.text(text))
    if len(ids) < windows * length:
        texts.windows(ids, windows, length, 0)  # says so
    with _progress() as tell:
        found = measure.perplexity(source, ids[: windows * length].view(windows, length), tell)
        read_s, write_s = speed(source)
    row = {
        "model": source.about,
        "perplexity": round(found, 3),
        "tokens": windows * length,
        "read_tokens_per_s": round(read_s, 1),
        "write_tokens_per_s": round(write_s, 1),
    }
    _say(row, as_json)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="What `run` wrote, or edge.")],
    as_json: _Json = False,
) -> None:
    """Say what a pruned model weighs: zeros, bits a weight, bytes, by layer.

    Bits a weight count bitmap and scales.     No speed follows from it: an engine that
    multiplies dense matrices gains nothing from zeros.

    Examples:
      limpet-proxy prune report smol-50
    """
    from . import edge_commands

    if edge := edge_commands.file_of(str(folder)):
        _say(edge_commands.report(edge), as_json)
        return
    from .folders import footprint

    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        made = json.loads((folder / "report.json").read_text("utf-8"))
        made |= footprint(folder, config["num_hidden_layers"])
    except (OSError, ValueError, KeyError) as e:
        raise UserError(
            f"{folder} is no pruned model", str(e), f"limpet-proxy prune run MODEL --out {folder}"
        ) from e
    _say(made, as_json)


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="MODEL", help="A folder that `run` wrote.")],
    to: Annotated[Path, typer.Argument(metavar="FOLDER", help="A new Hugging Face folder.")],
) -> None:
    """Write a pruned model as float16 safetensors with config.json, for `transformers` and others.

    Examples:
      limpet-proxy prune export smol-50 smol-50-hf
    """
    from .folders import export_hf

    try:
        with _progress() as tell:
            export_hf(folder, to, tell)
    except (OSError, ValueError, KeyError) as e:
        raise UserError(
            f"{folder} cannot be exported", str(e), f"limpet-proxy prune run MODEL --out {folder}"
        ) from e
    print(to)


@app.command()
def serve(
    model: _Model,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8091,
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of an answer at most.")] = 512,
    waiting: Annotated[int, typer.Option(min=0, help="Requests that may wait; else 429.")] = 8,
    threads: _Threads = 0,
) -> None:
    """Serve a language model with OpenAI's chat completions, one answer at a time, streamed.

    No key is asked for: keep it on this machine. docs/pruning.md has the tier for the proxy.

    Examples:
      limpet-proxy prune serve smol-50 --port 8091
    """
    _torch(threads)
    if find_spec("aiohttp") is None:
        why = "the package aiohttp is not installed"
        raise UserError("a model cannot be served", why, "pip install 'limpet[proxy,prune]'")
    source = _source(model)
    from . import serve as server

    with _progress() as tell:
        loaded = server.Model(source, max_tokens)
        tell("loading", 1, 1)
    server.run(loaded, host, port, waiting)


def _torch(threads: int) -> None:
    try:
        import torch
    except ImportError as e:
        raise UserError("this needs torch", str(e), "pip install 'limpet[prune]'") from e
    if threads:
        torch.set_num_threads(threads)


def _source(model: str) -> Source:
    if find_spec("tokenizers") is None:
        why = "the package tokenizers is not installed"
        raise UserError("a language model cannot be read", why, "pip install 'limpet[prune]'")
    from .sources import open_model

    return open_model(model)


def _plan(
    sparsity: float, score: str, samples: int, length: int, text: Path | None, seed: int
) -> Plan:
    from .engine import Plan

    file = str(text.resolve()) if text else ""
    return Plan(sparsity, score, samples=samples, length=length, text=file, seed=seed)


def _check(score: str, allocation: str = "uniform", level: str = "layer", bits: int = 4) -> None:
    from .allocation import LEVELS, METHODS
    from .scores import SCORES

    for option, value, known in (
        ("--score", score, SCORES),
        ("--allocation", allocation, tuple(METHODS)),
        ("--level", level, LEVELS),
        ("--bits", bits, (4, 16)),
    ):
        if value not in known:
            raise typer.BadParameter(f"{option} is one of {', '.join(map(str, known))}")


def _name(text: Path | None) -> str:
    return text.stem if text else "builtin"


def _say(row: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(row))
        return
    _table(("", ""), [(name.replace("_", " "), _shown(value)) for name, value in row.items()])


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(str(v) for v in value)
    return f"{value:,}" if isinstance(value, int) and value > 9999 else str(value)


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=any(titles))
    for title in titles:
        table.add_column(title)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


@contextmanager
def _progress() -> Generator[Progress]:
    """Show a bar a phase on stderr; on an error or Ctrl-C the bars stay where they were.

    Raises UserError for a file that is damaged.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from .tensors import DamagedFile

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        try:
            yield tell
        except KeyboardInterrupt:
            bars.stop()
            print("stopped; the same command goes on from here", file=sys.stderr)
            raise
        except DamagedFile as e:
            raise UserError("a model's file is damaged", str(e), "make or fetch it again") from e
