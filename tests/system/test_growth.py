"""A board's heap does not grow with its turns. benchmarks/board.py watches 10,000 of them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from turns import Turns, quick_lab

FEW, MANY = 100, 300
BYTES = 256  # a block of 16 bytes kept by each turn would be 3,200


def test_the_heap_does_not_grow_with_the_turns():
    with quick_lab() as lab:
        turns = Turns(lab)
        try:
            turns.run(FEW)
            before = turns.heap_used()
            turns.run(MANY)
            assert turns.heap_used() - before < BYTES
        finally:
            turns.close()
