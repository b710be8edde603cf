"""`limpet backup` and `limpet restore`: what a board's owner has on it, as a file.

The file is a zip: manifest.json, and below files/ each file as it lies on the board.
"""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from host.device_prompt import Prompt
from host.device_settings import SECRET, check_settings
from host.errors import UserError
from host.flash import owned
from host.secret_file import write_secret

_FORMAT = 1
_SETTINGS = "/settings.json"
# What is of one moment of one board: starts, a turn that runs, what rules owe, what is spent.
_PASSING = tuple(f"/data/{name}" for name in ("boot", "turn", "owed", "limits"))
_HALF = (".new", ".bad")
_MOST_BYTES = 8 << 20  # no board has so much

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Backup:
    """A board's own files. left_out: the settings that are secret and not among them."""

    device: str
    board: str
    left_out: tuple[str, ...]
    files: Mapping[str, bytes]


def backup(port: str, path: Path, secrets: bool = False) -> Backup:
    """Write what the owner has on the board to a file; the agent starts anew after it.

    secrets: passwords and keys too. Raises UserError.
    """
    with Prompt(port) as prompt:
        digests = prompt.digests()
        wanted = owned(dict.fromkeys(digests, b""))
        wanted = {name: "" for name in wanted if name not in _PASSING and _is_whole(name)}
        extra = {"/board.json": ""} if "/board.json" in digests else {}
        found = prompt.read({name: digests[name] for name in (*wanted, *extra)})
    board = str(_object(found.pop("/board.json", b"{}")).get("name", ""))
    settings = _object(found.get(_SETTINGS, b"{}"))
    left_out: tuple[str, ...] = ()
    if not secrets and settings:
        settings, left_out = without_secrets(settings)
        found[_SETTINGS] = json.dumps(settings).encode()
    made = Backup(str(settings.get("device", "")), board, left_out, found)
    write_secret(path, pack(made))
    return made


def _is_whole(path: str) -> bool:
    return not path.endswith(_HALF)


def pack(made: Backup) -> bytes:
    """Return a backup as the bytes of its file."""
    out = io.BytesIO()
    manifest = {
        "format": _FORMAT,
        "device": made.device,
        "board": made.board,
        "left_out": made.left_out,
    }
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("manifest.json", json.dumps(manifest, indent=2))
        for path, data in sorted(made.files.items()):
            file.writestr(f"files{path}", data)
    return out.getvalue()


def unpack(path: Path) -> Backup:
    """Return the backup in a file. Raises UserError if it is none, or damaged."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(row.file_size for row in file.infolist()) > _MOST_BYTES:
                raise ValueError("it is larger than any board")
            manifest = _object(file.read("manifest.json"))
            if manifest.get("format") != _FORMAT:
                raise ValueError(f"its format is {manifest.get('format')}, not {_FORMAT}")
            names = [name for name in file.namelist() if name.startswith("files/")]
            files = {name[len("files") :]: file.read(name) for name in names}
            left_out = tuple(map(str, manifest["left_out"]))
            device, board = str(manifest["device"]), str(manifest["board"])
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as e:
        raise UserError(f"{path} is no backup of a board", str(e), "limpet backup FILE") from e
    if owned(files) != files or any(".." in name.split("/") for name in files):
        raise UserError(
            f"{path} is no backup of a board", "it has files of an agent", "limpet backup FILE"
        )
    return Backup(device, board, left_out, files)


def restore(port: str, made: Backup, settings: bool = True, tell: Tell = lambda path: None) -> str:
    """Put a backup onto the board at a port; return what the person must still do, or "".

    settings: False leaves the board's own. All is written beside what is there and compared, then
    renamed over it; documents that the backup has not are removed. Secrets that were left out
    stay as the board has them. The caller starts the board. Raises UserError.
    """
    files = dict(made.files)
    if not settings:
        files.pop(_SETTINGS, None)
    missing: list[str] = []
    with Prompt(port, restart=False) as prompt:
        digests = prompt.digests()
        if "/board.json" not in digests:
            raise UserError("the board has no agent", "/board.json is not there", "limpet flash")
        if _SETTINGS in files:
            there = prompt.read({n: digests[n] for n in (_SETTINGS,) if n in digests})
            merged, missing = _merged(made, _object(there.get(_SETTINGS, b"{}")))
            files[_SETTINGS] = json.dumps(merged).encode()
        fresh = {f"{path}.new": data for path, data in files.items()}
        prompt.write(fresh, tell)
        prompt.verify(fresh)
        gone = [path for path in digests if path.startswith("/data/") and path not in files]
        kept = ("/data/boot", "/data/limits")
        prompt.rename(
            {f"{path}.new": path for path in files},
            [path for path in gone if path not in (*kept, *fresh)],
        )
    if missing:
        return f"the backup has no {', '.join(missing)}: limpet provision, or /set on its console"
    return ""


def _merged(made: Backup, there: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the backup's settings with the board's secrets, and which of them it has not."""
    settings, missing = _object(made.files[_SETTINGS]), list[str]()
    for name in made.left_out:
        section, _, key = name.rpartition(".")
        value = (there.get(section, {}) if section else there).get(key)
        if value:
            (settings.setdefault(section, {}) if section else settings)[key] = value
        else:
            missing.append(name)
    check_settings(settings)
    return settings, missing


def without_secrets(settings: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return settings without what is secret, and the names of that."""
    left: dict[str, Any] = {}
    names: list[str] = []
    for section, value in settings.items():
        if not isinstance(value, dict):
            if section in SECRET and value:
                names.append(section)
            else:
                left[section] = value
            continue
        fields = cast("dict[str, Any]", value)
        names += [f"{section}.{key}" for key in fields if key in SECRET and fields[key]]
        left[section] = {key: fields[key] for key in fields if key not in SECRET}
    return left, tuple(names)


def erase_data(port: str) -> int:
    """Remove what the owner has on the board but its settings; return how many files that were.

    The caller starts the board. Raises UserError.
    """
    with Prompt(port, restart=False) as prompt:
        mine = [path for path in prompt.digests() if path.startswith("/data/")]
        prompt.rename({}, mine)
    return len(mine)


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}
