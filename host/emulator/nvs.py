"""The NVS partition: what esp32.NVS keeps, over resets, power cuts and, in a file, over runs."""

import json
from pathlib import Path

from host.cache import write_atomic
from host.errors import UserError


class Nvs:
    """Values by (kind, namespace, key); each change is whole or not there.

    storage: the file of the flash; a JSON file beside it, with .nvs at the end of its name, keeps
    the values. None: they last as long as the Board. Without the flash's file the chip is new.
    """

    def __init__(self, storage: Path | None = None) -> None:
        self._path = storage.with_name(storage.name + ".nvs") if storage else None
        self._values: dict[tuple[int, str, str], bytes] = {}
        if storage and self._path and self._path.exists():
            if storage.exists():
                self._values = _parse(self._path)
            else:
                self._path.unlink()

    def get(self, kind: int, namespace: str, key: str) -> bytes | None:
        """Return a value, None if there is none."""
        return self._values.get((kind, namespace, key))

    def put(self, kind: int, namespace: str, key: str, value: bytes) -> None:
        """Store a value."""
        if self._values.get((kind, namespace, key)) != value:
            self._values[kind, namespace, key] = value
            self._keep()

    def erase_key(self, namespace: str, key: str) -> int:
        """Forget a key, of whatever kind; return how many there were."""
        found = [name for name in self._values if name[1:] == (namespace, key)]
        for name in found:
            del self._values[name]
        if found:
            self._keep()
        return len(found)

    def erase(self) -> None:
        """Forget all."""
        self._values.clear()
        self._keep()

    def _keep(self) -> None:
        if self._path:
            rows = [[*name, value.hex()] for name, value in self._values.items()]
            write_atomic(self._path, json.dumps(rows).encode())


def _parse(path: Path) -> dict[tuple[int, str, str], bytes]:
    try:
        rows = json.loads(path.read_bytes())
        return {(int(row[0]), row[1], row[2]): bytes.fromhex(row[3]) for row in rows}
    except (ValueError, TypeError, IndexError) as error:
        raise UserError(
            f"{path} is no NVS of an emulated board", str(error), f"rm {path}"
        ) from error
