"""`limpet console`: a line to the agent on a board, and what it answers."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from firmware import wire
from host.device_serial import Line
from host.errors import UserError

_ANSWER_S = 60.0  # a sentence may wait for a model
_ADDRESS_S = 8.0
_QUIET_S = 2.0  # after an answer to a sentence, which may have several rows
_FENCE = "/?"  # no command: its answer, the list of commands, says that the one before is whole
_FENCED = "commands: /"


def ask(line: Line, text: str, timeout_s: float = _ANSWER_S) -> Iterator[str]:
    """Send one line to the agent and yield the rows of its answer. Raises UserError for none."""
    command = text.startswith("/")
    echoes = [text]
    line.write(text.encode() + b"\r")
    if command:
        line.write(_FENCE.encode() + b"\r")
        echoes.append(_FENCE)
    until_s, answered = time.monotonic() + timeout_s, False
    while time.monotonic() < until_s:
        for row in line.rows(0.2):
            if echoes and is_echo(row, echoes[0]):
                echoes.pop(0)
                continue
            if row.startswith(_FENCED) and command:
                if not answered:
                    yield row
                return
            yield row
            answered = True
            if not command or "restarting" in row:
                until_s = time.monotonic() + _QUIET_S
    if not answered:
        raise UserError(
            "the agent gives no answer",
            f"nothing came on {line.port} within {timeout_s:.0f} s",
            "limpet doctor; limpet monitor shows whether it starts",
        )


def is_echo(row: str, text: str) -> bool:
    """Whether a row is what the board echoes of a typed line: all of it, or up to a secret."""
    secret = text.startswith("/set ") and row.startswith("/set ") and text.startswith(row)
    return row == text or secret


def greeting(port: str, device: str) -> str:
    """Return where a board is and how to talk to it, as it says itself over its serial line."""
    where = "has no network yet: limpet doctor"
    try:
        with Line(port) as line:
            address, _, strength = "".join(ask(line, "/wifi", _ADDRESS_S)).partition(", ")
            if strength:
                where = f"is at {address}, {strength}"
    except UserError:
        where = "does not say where it is: limpet doctor"
    return (
        f"{device} {where}\ntalk to it: limpet console --port {port}, or publish to "
        f"{wire.topic(device, wire.CHAT)}"
    )


def talk(line: Line, typed: Iterable[str], tell: Callable[[str], None]) -> None:
    """Send each typed line, and tell all that the board says until they end."""
    over = threading.Event()
    failed: list[UserError] = []
    sent: list[str] = []

    def listen() -> None:
        try:
            while not over.is_set():
                for row in line.rows(0.2):
                    if sent and is_echo(row, sent[0]):
                        sent.pop(0)
                    elif row:
                        tell(row)
        except UserError as e:
            failed.append(e)

    thread = threading.Thread(target=listen, name="console", daemon=True)
    thread.start()
    try:
        for text in typed:
            if failed:
                raise failed[0]
            if text.strip():
                sent.append(text.strip())
                line.write(text.strip().encode() + b"\r")
    finally:
        over.set()
        thread.join(5)
    if failed:
        raise failed[0]
