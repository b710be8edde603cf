"""Make models smaller: scores, sparsity allocation, INT4, the packed file. numpy alone from here.

What needs torch is imported by name: `gradual`, `engine`, `llama`, `edge`. See docs/pruning.md.
"""

from .packed import Quantised, quantised
from .scores import SCORES, prune
from .tensors import DamagedFile

__all__ = ["SCORES", "DamagedFile", "Quantised", "prune", "quantised"]
