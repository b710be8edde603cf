"""The small model that ships: a sentence to tool calls or a decline, in numpy, offline."""

from .grammar import Call
from .model import Answer, EdgeModel, ask_json
from .weights import DamagedModel

__all__ = ["Answer", "Call", "DamagedModel", "EdgeModel", "ask_json"]
