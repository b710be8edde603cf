"""What each board said of itself in its birth message, as far as answering it needs that."""

from dataclasses import dataclass
from typing import Any, cast

from cloud_proxy.catalogue import Catalogue, Catalogues
from cloud_proxy.lru import Lru

MAX_BOARDS = 50_000
TONES = ("friendly", "technical", "witty")  # of answers; others are neutral
_MAX_WORD = 64  # characters of a board's name, of a time zone


@dataclass(frozen=True, slots=True)
class Board:
    """A board: what it is, which pins it lends, and the tools that it announced under a hash."""

    name: str
    chip: str
    pins: tuple[int, ...]
    timezone: str
    tone: str  # one of TONES, or ""
    hash: str
    tools: Catalogue


class Boards:
    """The boards that are known, the least recently heard of forgotten first."""

    def __init__(self, most: int = MAX_BOARDS) -> None:
        self._boards: Lru[str, Board] = Lru(most)
        self._catalogues = Catalogues()

    def announce(self, device: str, info: dict[str, Any]) -> Board:
        """Remember a birth message that `wire.decode` has checked."""
        pins = cast(list[Any], info["pins"])
        board = Board(
            name=str(info["board"])[:_MAX_WORD],
            chip=str(info["chip"])[:_MAX_WORD],
            pins=tuple(pin for pin in pins[:64] if isinstance(pin, int)),
            timezone=str(info.get("tz") or "")[:_MAX_WORD],
            tone=info["persona"] if info.get("persona") in TONES else "",
            hash=str(info["hash"]),
            tools=self._catalogues.intern(cast(list[Any], info["tools"])),
        )
        self._boards[device] = board
        return board

    def find(self, device: str) -> Board | None:
        """Return what is known of a device, or None."""
        return self._boards.get(device)

    def __len__(self) -> int:
        return len(self._boards)
