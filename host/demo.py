"""The main job in a minute, on this machine alone: sentences, pins, rules offline, costs."""

import re
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from host import pin_chart
from host.errors import UserError
from host.lab import Lab

SENTENCES = (
    "turn on the led on pin 2",
    "is pin 2 on?",
    "remember that the pump is on gpio 5",
    "what do you remember?",
    "blink pin 2 every 10 seconds",
    "in 20 minutes turn pin 2 off",
    "who won the world cup?",
)
OFFLINE_S = 20 * 60 + 2  # virtual: a little more than the last rule waits
_CHART_WIDTH = 60
_NEAR_S = 120  # the part of the history that is drawn from near
_HELP = """say a sentence, or
  /ff 10m      fast-forward the board's time: s, m, h or d
  /broker off  take the network away; /broker on brings it back
  /pins        draw what the pins did
  /ledger      show what the requests cost
  /console     show the board's serial console
  /quit        leave (Ctrl-D works too)"""


class Demo:
    """One run of the demo; `show` is the scripted part, `converse` the open end."""

    def __init__(self, lab: Lab, console: Console) -> None:
        """Tell the story of `lab` on `console`."""
        self._lab = lab
        self._out = console
        self._led = lab.spec.led.pin if lab.spec.led else 2

    def show(self) -> None:
        """Run steps 4 to 6: the sentences, twenty minutes offline, the picture and the bill."""
        self._step(
            4, "talk", "each sentence goes person → broker → board → proxy → model and back"
        )
        for sentence in SENTENCES:
            self.say(sentence)
        self._step(5, "offline", f"the broker is stopped and {OFFLINE_S // 60} minutes pass")
        self.offline()
        self._step(6, "what it did and what it cost", "")
        self.pins()
        self.ledger()

    def introduce(self) -> None:
        """Say what runs: steps 1 to 3."""
        lab = self._lab
        info = lab.person.info or {}
        self._step(1, "broker", f"{lab.broker.kind} on {lab.broker.host}:{lab.broker.port}")
        self._step(2, "proxy", "limpet-proxy with its edge tier: a small model, no key")
        self._step(
            3,
            "board",
            f"{lab.spec.title}, emulated: limpet {info.get('fw')} on MicroPython, "
            f"{len(info.get('tools', []))} tools, "
            f"{lab.heap_free // 1024} of {lab.spec.heap_kb} KB heap free",
        )

    def say(self, sentence: str) -> dict[str, Any]:
        """Say one sentence and print the answer, the LED and the cost. Returns the answer."""
        self._out.print(f"   [dim]you[/dim]    {escape(sentence)}")
        with self._out.status("the board thinks ..."):
            answer = self._lab.person.ask(sentence)
        colour = "green" if answer["ok"] else "red"
        led = "[yellow]●[/yellow]" if self._lab.board.pin(self._led).value else "[dim]○[/dim]"
        use = answer.get("use", {})
        cost = f"{use.get('tier')}, {use.get('ms')} ms, {use.get('ud')} µ$" if use else ""
        self._out.print(
            f"   [dim]board[/dim]  {led} [{colour}]{escape(answer['text'])}[/{colour}]"
            f"  [dim]{cost}[/dim]"
        )
        return answer

    def offline(self) -> None:
        """Stop the broker, let virtual time pass, count what fired, start the broker again."""
        lab = self._lab
        pin = lab.board.pin(self._led)
        before = len(pin.history)
        lab.broker.stop()
        lab.world.run(seconds=OFFLINE_S)
        self._out.print(
            f"   pin {self._led} changed {len(pin.history) - before} times with no broker, "
            "no proxy and no model in reach"
        )
        lab.end_outage()
        self._out.print("   the broker is back, and so is the board, by itself")

    def pins(self) -> None:
        """Draw the history of every pin that was driven: all of it, and its end from near."""
        end_s = self._lab.world.now_s
        self._draw_pins(0, end_s)
        if end_s > 2 * _NEAR_S:
            self._draw_pins(end_s - _NEAR_S, end_s)

    def _draw_pins(self, start_s: float, end_s: float) -> None:
        board = self._lab.board
        for number in self._lab.spec.pins.usable:
            history = board.pin(number).history
            if history:
                line = pin_chart.draw(history, start_s, end_s, _CHART_WIDTH)
                self._out.print(f"   pin {number:<3} [yellow]{line}[/yellow]")
        axis = pin_chart.axis(start_s, end_s, _CHART_WIDTH)
        self._out.print(f"           [dim]{axis}[/dim]", highlight=False)

    def ledger(self) -> None:
        """Print the proxy's ledger: one row a request."""
        assert self._lab.proxy
        columns = {
            "request": "request",
            "tier": "tier",
            "model": "model",
            "input_tokens": "tokens in",
            "output_tokens": "out",
            "cost_ud": "micro-$",
            "total_ms": "ms",
            "outcome": "outcome",
        }
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title in columns.values():
            table.add_column(title)
        rows = self._lab.proxy.report(rows=True)
        for row in rows:
            table.add_row(*(str(row[name]) for name in columns))
        self._out.print(table)
        total = sum(row["cost_ud"] for row in rows)
        self._out.print(f"   {len(rows)} requests, {total} micro-dollars", highlight=False)

    def go_on(self, talked: bool) -> None:
        """Say what comes next. talked: whether the person has talked to this board already."""
        # As it was called here: after `make demo` it is on nobody's PATH.
        limpet = sys.argv[0] if sys.argv[0].endswith("limpet") else "limpet"
        self._step(7, "next", "what was emulated here goes onto a board as it is")
        if not talked:
            self._out.print(f"   talk to it   {limpet} demo -i", highlight=False)
        name = self._lab.spec.name
        self._out.print(f"   flash it     {limpet} flash --board {name}", highlight=False)
        self._out.print("   step by step docs/getting-started.md", highlight=False)

    def converse(self) -> None:
        """Take sentences and commands from the terminal until /quit, Ctrl-D or Ctrl-C."""
        self._out.print(f"\n[dim]{_HELP}[/dim]")
        while True:
            try:
                line = self._out.input("\n[bold]you>[/bold] ").strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line == "/quit":
                return
            if line:
                self._obey(line)

    def _obey(self, line: str) -> None:
        lab = self._lab
        word, _, rest = line.partition(" ")
        if not line.startswith("/") and not lab.person.connected:
            self._out.print("   the broker is off, nobody hears you: /broker on")
        elif not line.startswith("/"):
            try:
                self.say(line)
            except TimeoutError as e:
                self._out.print(f"[red]{escape(str(e))}[/red]")
        elif word == "/ff" and (seconds := parse_duration_s(rest)):
            lab.world.run(seconds=seconds)
            self.pins()
        elif line == "/broker off":
            lab.broker.stop()
        elif line == "/broker on":
            lab.end_outage()
        elif word == "/pins":
            self.pins()
        elif word == "/ledger":
            self.ledger()
        elif word == "/console":
            self._out.print(lab.board.serial.text, markup=False)
        else:
            self._out.print(_HELP)

    def _step(self, number: int, title: str, text: str) -> None:
        self._out.print(f"[bold]{number} {title}[/bold]  {text}", highlight=False)


def run(interactive: bool, broker_kind: str | None) -> None:
    """Run the demo in the terminal, then converse if asked to."""
    console = Console()
    with console.status("starting a broker, a proxy and a board ..."):
        lab = Lab(broker_kind=broker_kind)
    with lab:
        demo = Demo(lab, console)
        try:
            demo.introduce()
            demo.show()
            if interactive:
                demo.converse()
            demo.go_on(interactive)
        except TimeoutError as e:
            raise UserError(
                "the demo got stuck", str(e), "run it again; if it persists, run `make test`"
            ) from e


def parse_duration_s(text: str) -> float | None:
    """Return the seconds in "90", "90s", "10m", "2h" or "1d"; None for anything else."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text)
    if not match:
        return None
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
