"""The edge model: a sentence in, calls or a decline out.

Stateless, so that threads may share one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import weights
from .features import blurred, ids_of
from .grammar import Call, Choice, Outcome, program
from .guards import absent, contrary, dated, forbidden, spoken, unread
from .network import Array, Network
from .say import INTENTS, missing_tool, say
from .sentence import Sentence, TooLong, read
from .table import SYMBOL_ID, SYMBOLS

_BEYOND_DOUBT = 0.99  # a call less probable than this is looked at again, blurred


@dataclass(frozen=True)
class Answer:
    """What the model answers.

    say: a template (see say.py). calls: empty when it declines or asks back.

    confidence: 0..1, the probability that it is right: what the network gave to all that it wrote,
    to the power `gamma` of the weights file; where that leaves a doubt, averaged with what it
    gives to the same while letters are missing.
    """

    say: str
    calls: tuple[Call, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the network wrote for a sentence before any check. used: the words it pointed to."""

    outcome: Outcome
    confidence: float
    used: frozenset[int]


class EdgeModel:
    """Sentences to tool calls with the shipped weights, or others."""

    def __init__(self, stored: weights.Stored, threshold: float | None = None) -> None:
        """Build the network from what a weights file holds. threshold: instead of the file's."""
        self.stored = stored
        self.threshold = stored.threshold if threshold is None else threshold
        self.about = stored.about
        self._gamma = float(stored.about.get("gamma", 1.0))
        self._network = Network(stored.shape, stored.weights)
        self._masks: dict[tuple[str, ...], Array] = {}
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path | None = None) -> EdgeModel:
        """Return the model in a weights file, the shipped one by default.

        Raises DamagedModel or OSError.
        """
        return cls(weights.load(path))

    def answer(
        self,
        sentence: str,
        tools: Collection[str] | None = None,
        memory: Mapping[str, str] | None = None,
    ) -> Answer:
        """Return calls of tools the board announced (None: all known), or say why there are none.

        memory: what the board remembers, name to value; a name whose value names a pin may stand
        for that pin.
        """
        try:
            words = read(sentence, memory)
        except TooLong:
            return Answer(INTENTS["too_long"], (), 1.0)
        if not words.tokens:
            return Answer(INTENTS["empty"], (), 1.0)
        if not spoken(words):
            return Answer(INTENTS["unsure"], (), 1.0)
        decoded = self.decode(words)
        outcome, sure = decoded.outcome, decoded.confidence
        if outcome.intent != "call":
            return Answer(say(outcome), (), sure)
        if forbidden(words, outcome.calls, decoded.used):
            return Answer(INTENTS["refuse"], (), sure)
        if dated(words, outcome.calls, decoded.used):
            return Answer(INTENTS["cannot"], (), sure)
        doubtful = unread(words, outcome.calls, decoded.used) or contrary(words, outcome.calls)
        if sure < self.threshold or doubtful:
            return Answer(INTENTS["unsure"], (), sure)
        lacking = absent(outcome.calls, tools)
        if lacking:
            return Answer(missing_tool(lacking), (), sure)
        return Answer(say(outcome), outcome.calls, sure)

    def decode(self, sentence: Sentence) -> Decoded:
        """Return the most probable legal program, one action at a time.

        The sentence has at least one word.
        """
        network = self._network
        rows = [ids_of(token) for token in sentence.tokens]
        encoding = network.encode(rows)
        state = network.start(encoding)
        walk = program(sentence)
        choice, symbol, word = next(walk), SYMBOL_ID["start"], -1
        sure, used = 0.0, set[int]()
        path: list[tuple[int, int]] = []
        decisions: list[int] = []
        while True:
            if state.length >= network.shape.max_actions:
                return Decoded(Outcome("decline"), 0.0, frozenset(used))
            logits = network.step(state, symbol, word)
            best = int(np.argmax(logits + self._mask(choice, len(sentence.tokens))))
            if len(choice.symbols) + len(choice.words) > 1:  # else it was no decision
                sure += float(logits[best] - _log_sum(logits))
                decisions.append(len(path))
            path.append((best, -1) if best < len(SYMBOLS) else (0, best - len(SYMBOLS)))
            symbol, word = path[-1]
            try:
                if word < 0:
                    choice = walk.send(SYMBOLS[symbol])
                else:
                    used.update(range(word if choice.since is None else choice.since, word + 1))
                    choice = walk.send(word)
            except StopIteration as done:
                outcome, share = done.value, float(np.exp(sure))
                if outcome.calls and share**self._gamma < _BEYOND_DOUBT:
                    share = (share + self._blurred(sentence, rows, path, decisions)) / 2
                return Decoded(outcome, share**self._gamma, frozenset(used))

    def _blurred(
        self,
        sentence: Sentence,
        rows: Sequence[Sequence[int]],
        path: Sequence[tuple[int, int]],
        decisions: Sequence[int],
    ) -> float:
        """Return the mean probability of what was decided in four blurred views."""
        views = [
            [
                blurred(ids, t, at + n)
                for at, (ids, t) in enumerate(zip(rows, sentence.tokens, strict=True))
            ]
            for n in range(4)
        ]
        found = self._network.weigh(views, SYMBOL_ID["start"], path)
        return float(np.exp(found[:, list(decisions)].sum(1)).mean())

    def _mask(self, choice: Choice, words: int) -> Array:
        """Return 0 for legal actions and -inf for others: (symbols + words,)."""
        symbols = self._masks.get(choice.symbols)
        if symbols is None:
            symbols = np.full(len(SYMBOLS), -np.inf, dtype=np.float32)
            symbols[[SYMBOL_ID[symbol] for symbol in choice.symbols]] = 0
            with self._lock:
                self._masks[choice.symbols] = symbols
        pointers = np.full(words, -np.inf, dtype=np.float32)
        pointers[list(choice.words)] = 0
        return np.concatenate((symbols, pointers))


def _log_sum(logits: Array) -> float:
    top = float(logits.max())
    return top + float(np.log(np.exp(logits - top).sum()))


def ask_json(model: EdgeModel, sentence: str) -> str:
    """Return one answer as the JSON line that `limpet-proxy ask` prints."""
    answer = model.answer(sentence)
    calls = [{"tool": call.tool, "args": call.args} for call in answer.calls]
    return json.dumps(
        {"say": answer.say, "calls": calls, "confidence": round(answer.confidence, 4)}
    )
