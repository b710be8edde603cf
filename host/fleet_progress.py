"""What a person sees of a job while it runs: a row for each device that is through, and a bar."""

import json
import sys
from types import TracebackType
from typing import Any, Self, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from host.fleet_job import SENT, WAITING, Attempt, Job
from host.fleet_show import plain


def row(name: str, attempt: Attempt) -> str:
    """Return what a person is told of one device."""
    said = [attempt.why] if attempt.why else []
    result = attempt.result
    if isinstance(result, dict) and "text" in result:
        said = [str(cast("dict[str, Any]", result)["text"])]
    elif result:
        said.append(json.dumps(result, ensure_ascii=False))
    return plain(f"{name:24} {attempt.state:10} {' '.join(said)}".rstrip())


class Progress:
    """Rows on stdout, unless a program wants all at the end; the bar on a terminal's stderr."""

    def __init__(self, job: Job, as_json: bool) -> None:
        """Nothing is shown before it is entered."""
        self._as_json = as_json
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        left = sum(a.state in (WAITING, SENT) for a in job.attempts.values())
        self._task = self._bar.add_task(job.kind, total=left)

    def told(self, name: str, attempt: Attempt) -> None:
        """Show that a device is through."""
        if not self._as_json:
            if self._bar.disable or not sys.stdout.isatty():
                print(row(name, attempt), flush=True)
            else:
                self._bar.console.print(row(name, attempt), markup=False, highlight=False)
        self._bar.advance(self._task)

    def stop(self) -> None:
        """Take the bar away."""
        self._bar.stop()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.stop()
