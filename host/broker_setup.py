"""`limpet broker`: the files of a mosquitto, and who of the boards may come to it."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from firmware.wire import valid_name
from host import broker_config as config
from host import broker_oust
from host.cache import write_atomic
from host.errors import UserError
from host.keys import Keys, changing, ensure_keys, new_keys, read_keys
from host.secret_file import locked, write_secret

_DAYS = 3650


@dataclass(frozen=True)
class Wish:
    """What a person asks of `limpet broker setup`.

    names: by which boards and services know the broker, for its certificate. installed_at: the
    folder's path on the broker's machine, if that is another. certificate: (PEM, key) of theirs.
    """

    folder: Path
    keys: Path
    names: tuple[str, ...]
    psk: bool = False
    port: int = 8883
    service_port: int = 8884
    bind: str = ""
    run_as: str | None = None
    installed_at: str | None = None
    certificate: tuple[Path, Path] | None = None


def setup(wish: Wish) -> list[Path]:
    """Write the folder; again, it keeps certificate and services' passwords. Returns new files.

    Beside the key file lie the services' passwords, readable for this user alone: the broker's
    machine has only hashes of passwords, and no key that signs a command. Raises UserError.
    """
    folder = wish.folder
    folder.mkdir(parents=True, exist_ok=True)
    made: list[Path] = []
    run_as = _user(wish.run_as)
    _certificate(wish, made)
    rows: list[str] = []
    for name in config.SERVICES:
        path = wish.keys.with_name(f"{name}.password")
        if not path.exists():
            write_secret(path, f"{new_keys().password}\n".encode())
            made.append(path)
        rows.append(config.password_row(name, path.read_text().strip()))
    write_secret(folder / config.SERVICE_PASSWORDS, _lines(rows))
    proxy = wish.keys.with_name("proxy.toml")
    if not proxy.exists():
        group = f"limpet-{secrets.token_hex(8)}"
        ca = str(wish.keys.with_name(config.CA).resolve())
        text = config.proxy_config(wish.names[0], wish.service_port, ca, group)
        write_secret(proxy, text.encode())
        made.append(proxy)
    _write_devices(folder, read_keys(wish.keys), wish.psk)
    with locked(folder / config.DEVICE_ACL):
        revoked = _revoked(folder) - set(read_keys(wish.keys))
        write_secret(folder / config.DEVICE_ACL, config.device_acl(revoked).encode())
    write_secret(folder / config.SERVICE_ACL, config.service_acl().encode())
    (folder / "data").mkdir(exist_ok=True)
    plan = config.Plan(
        PurePosixPath(wish.installed_at or folder.resolve()),
        wish.psk,
        wish.port,
        wish.service_port,
        wish.bind,
        run_as,
    )
    write_atomic(folder / config.CONFIG, config.config(plan).encode())
    _give(folder, run_as)
    return [*made, folder / config.CONFIG]


def add(folder: Path, keys: Path, devices: Iterable[str]) -> list[str]:
    """Let boards in; those without keys get some. Returns who was shut out. Raises UserError."""
    names = _names(devices)
    psk = _is_psk(folder)
    ensure_keys(keys, names)
    back = sorted(_revoked(folder) & set(names))
    _change(folder, keys, psk, lambda revoked: revoked - set(names))
    return back


def rotate(folder: Path, keys: Path, devices: Iterable[str]) -> None:
    """Give boards new keys, all three; the old ones are worth nothing. Raises UserError."""
    names = _names(devices)
    psk = _is_psk(folder)
    with changing(keys) as known:
        _must_know(names, known, keys)
        known.update((name, new_keys()) for name in names)
    _change(folder, keys, psk, lambda revoked: revoked)


def revoke(folder: Path, keys: Path, devices: Iterable[str]) -> None:
    """Shut boards out, connected ones too, and forget their keys. Raises UserError."""
    names = _names(devices)
    psk = _is_psk(folder)
    with changing(keys) as known:
        _must_know(names, known, keys)
        for name in names:
            del known[name]
    _change(folder, keys, psk, lambda revoked: revoked | set(names))


def users(folder: Path, keys: Path) -> list[dict[str, object]]:
    """Return who may come to the broker and who is shut out, by name."""
    psk = _is_psk(folder)
    path = folder / (config.DEVICE_PSKS if psk else config.DEVICE_PASSWORDS)
    rows = [row.partition(":")[0] for row in path.read_text().splitlines()]
    known = read_keys(keys)
    found = {name: {"device": name, "may": True, "has_keys": name in known} for name in rows}
    for name in _revoked(folder):
        found[name] = {"device": name, "may": False, "has_keys": name in known}
    return [dict(found[name]) for name in sorted(found)]


def reload(folder: Path) -> int:
    """Have every mosquitto of this machine that runs this folder's file read it anew.

    Returns how many there are. What it reads: users, keys, rules; not ports.
    """
    wanted = {str(folder / config.CONFIG), str((folder / config.CONFIG).resolve())}
    count = 0
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            arguments = entry.read_bytes().decode(errors="replace").split("\0")
            if Path(arguments[0]).name == "mosquitto" and wanted & set(arguments[1:]):
                os.kill(int(entry.parent.name), signal.SIGHUP)
                count += 1
    return count


def cut_off(folder: Path, keys: Path, names: Iterable[str], told: int) -> list[str]:
    """End what these boards have open by an older key; return whose may live on.

    told: how many `reload` has told; if none, the broker is elsewhere.
    """
    if not _is_psk(folder):
        return []
    known = read_keys(keys)
    return [n for n in names if not told or not broker_oust.oust(folder, n, known[n].psk)]


def _change(folder: Path, keys: Path, psk: bool, change: Callable[[set[str]], set[str]]) -> None:
    with locked(folder / config.DEVICE_ACL):
        _write_devices(folder, read_keys(keys), psk)
        acl = config.device_acl(change(_revoked(folder)))
        write_secret(folder / config.DEVICE_ACL, acl.encode())


def _write_devices(folder: Path, keys: Mapping[str, Keys], psk: bool) -> None:
    if psk:
        rows = [config.psk_row(name, own.psk) for name, own in keys.items()]
        write_secret(folder / config.DEVICE_PSKS, _lines(rows))
        return
    path = folder / config.DEVICE_PASSWORDS
    rows = [config.password_row(name, own.password) for name, own in keys.items()]
    write_secret(path, _lines(rows))


def _lines(rows: Iterable[str]) -> bytes:
    return "".join(f"{row}\n" for row in rows).encode()


def _revoked(folder: Path) -> set[str]:
    with suppress(FileNotFoundError):
        return config.revoked_in((folder / config.DEVICE_ACL).read_text())
    return set()


def _is_psk(folder: Path) -> bool:
    text = ""
    with suppress(OSError):
        text = (folder / config.CONFIG).read_text()
    if not text:
        raise UserError(
            f"{folder} is no broker's folder",
            f"there is no {config.CONFIG} in it",
            "limpet broker setup, or name it with --dir",
        )
    return "psk_file" in text


def _names(devices: Iterable[str]) -> list[str]:
    names = list(devices)
    for name in names:
        if not valid_name(name):
            raise UserError(
                f"{name!r} is no device's name",
                "it has 1 to 32 of a-z, 0-9, - and _, and is not g",
                "say it again",
            )
    return names


def _must_know(names: Iterable[str], known: Mapping[str, Keys], path: Path) -> None:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(
            f"{', '.join(unknown)} has no keys", f"{path} has none of it", "limpet broker ls"
        )


def _user(wanted: str | None) -> str:
    """Return whom mosquitto is to run as: it gives up root's rights for this user's."""
    if wanted is not None or os.geteuid() != 0:
        return wanted or ""
    import pwd

    with suppress(KeyError):
        return pwd.getpwnam("mosquitto").pw_name
    return ""


def _give(folder: Path, user: str) -> None:
    """Give the files to whom the broker runs as, if we may: its keys are for it alone."""
    if os.geteuid() == 0 and user:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, user, user)


def _certificate(wish: Wish, made: list[Path]) -> None:
    folder = wish.folder
    targets = [folder / config.CERT, folder / config.KEY]
    if wish.certificate:
        for source, target in zip(wish.certificate, targets, strict=True):
            try:
                write_secret(target, source.read_bytes())
            except OSError as e:
                raise UserError(f"{source} cannot be read", str(e), "name a PEM file") from e
        return
    if all(path.exists() for path in targets):
        return
    if not shutil.which("openssl"):
        raise UserError(
            "no certificate can be made",
            "the openssl command is not there",
            "install it, or bring your own with --cert and --cert-key",
        )
    ca, ca_key = wish.keys.with_name(config.CA), wish.keys.with_name("ca.key")
    if not (ca.exists() and ca_key.exists()):
        _openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
            *("-keyout", str(ca_key), "-out", str(ca), "-days", str(_DAYS), "-subj", "/CN=Limpet"),
        )
        made += [ca, ca_key]
    request = folder / "server.csr"
    names = ",".join(f"{'IP' if _is_ip(name) else 'DNS'}:{name}" for name in wish.names)
    extension = folder / "server.ext"
    extension.write_text(f"subjectAltName={names}\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        *("-keyout", str(targets[1]), "-out", str(request), "-subj", f"/CN={wish.names[0]}"),
    )
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key)),
        *("-CAcreateserial", "-days", str(_DAYS), "-extfile", str(extension)),
        *("-out", str(targets[0])),
    )
    for path in (request, extension):
        path.unlink()
    made += targets


def _openssl(*arguments: str) -> None:
    done = subprocess.run(
        ["openssl", *arguments], capture_output=True, text=True, umask=0o077, check=False
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise UserError("openssl made no certificate", last, "bring your own with --cert")


def _is_ip(name: str) -> bool:
    import ipaddress

    with suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False
