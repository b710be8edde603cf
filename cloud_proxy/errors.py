"""The one error a person is meant to read."""


class UserError(Exception):
    """Something the person can mend: what happened, why, and what to do about it."""

    def __init__(self, what: str, why: str, fix: str) -> None:
        """Keep the three lines; `fix` is a command to run wherever there is one."""
        super().__init__(what, why, fix)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return f"error: {self.what}\ncause: {self.why}\nhint:  {self.fix}"
