"""How a boot of the emulated board ends: exceptions that unwind the VM from inside a host call.

They never run the guest's `finally` blocks, just as a chip that resets does not.
"""


class BoardExit(BaseException):
    """A boot is over. Subclasses say why."""


class ProgramExit(BoardExit):
    """The program is done; code: 0, or what sys.exit was given, or 1 after an uncaught error."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


class Reset(BoardExit):
    """The board restarts; cause: the number machine.reset_cause() answers next time."""

    def __init__(self, cause: int) -> None:
        super().__init__(f"reset, cause {cause}")
        self.cause = cause


class PowerCut(BoardExit):
    """The supply failed: what was not synced to the flash is gone."""


class Stuck(BoardExit):
    """The board computes for ever; nothing on it would end that."""


class Stopped(BoardExit):
    """Someone outside stopped the board."""
