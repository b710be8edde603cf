"""Where prepared things are kept: the VM module, bytecode, downloads. All can be made again."""

import os
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def cache_dir() -> Path:
    """Return a folder that exists and can be written.

    $LIMPET_CACHE, else $XDG_CACHE_HOME/limpet, else ~/.cache/limpet; where none can be written
    (a read-only home) a folder under the system's temporary one, with a note on stderr.
    """
    given = os.environ.get("LIMPET_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    wanted = Path(given) if given else Path(base).expanduser() / "limpet"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        probe = tempfile.NamedTemporaryFile(dir=wanted)  # noqa: SIM115  (closed on the next line)
        probe.close()
        return wanted
    except OSError as e:
        fallback = Path(tempfile.gettempdir(), f"limpet-cache-{os.getuid()}")
        fallback.mkdir(mode=0o700, exist_ok=True)
        if fallback.stat().st_uid != os.getuid():  # somebody else's: what it holds is not ours
            fallback = Path(tempfile.mkdtemp(prefix="limpet-cache-"))
        print(
            f"note: {wanted} cannot be written ({e.strerror}); using {fallback}", file=sys.stderr
        )
        return fallback


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that readers find it whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(data)
    partial.replace(path)
