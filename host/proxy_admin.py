"""A proxy as its operators reach it: HTTP, with a key that goes nowhere else."""

import http.client
import ipaddress
import json
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode, urlsplit

from host.errors import UserError

_PATH = "/v1/admin/"
_TIMEOUT_S = 30.0
_MOST_BYTES = 32 * 1024 * 1024  # of an answer

Json = dict[str, Any]


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: the key would go along."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class ProxyAdmin:
    """A proxy's /v1/admin. unsafe: whether the key goes over a network as it is."""

    def __init__(self, url: str, key_file: Path | None, ca: Path | None = None) -> None:
        """ca: vouches for an https server beside those that this machine trusts. UserError."""
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise UserError(f"{url} is no proxy's address", "http://HOST:PORT is one", _HINT)
        self._base = f"{parts.scheme}://{parts.netloc}"
        self.unsafe = parts.scheme == "http" and not _is_here(parts.hostname)
        self._key = _key(key_file)
        context = ssl.create_default_context()
        if ca and parts.scheme == "https":
            try:
                context.load_verify_locations(ca)
            except (OSError, ssl.SSLError) as e:
                raise UserError(f"{ca} vouches for nobody", str(e), "name a PEM file") from e
        handlers = [_Stay(), urllib.request.HTTPSHandler(context=context)]
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *handlers)

    def ask(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Return the answer. Raises UserError, with the proxy's own words where it has some."""
        url = self._base + _PATH + quote(path, safe="/:")
        url += f"?{urlencode(query)}" if query else ""
        headers = {"authorization": f"Bearer {self._key}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with self._opener.open(request, timeout=_TIMEOUT_S) as response:
                return self._read(response.read(_MOST_BYTES))
        except urllib.error.HTTPError as e:
            raise self._refused(e.code, e.read(_MOST_BYTES)) from e
        except urllib.error.URLError as e:
            raise self._unreached(e.reason) from e
        except (OSError, http.client.HTTPException) as e:
            raise self._unreached(e) from e

    def _read(self, data: bytes) -> Json:
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            return cast(Json, found)
        raise UserError(f"{self._base} is no limpet-proxy", "it answered no JSON object", _HINT)

    def _refused(self, status: int, data: bytes) -> UserError:
        what = f"{self._base} refused ({status})"
        try:
            error = json.loads(data)["error"]
            why, fix = str(error["message"]), str(error["fix"])
        except (ValueError, KeyError, TypeError, RecursionError):
            why = "it does not say why as a limpet-proxy would, or is an earlier one"
            return UserError(what, why, _HINT)
        return UserError(what, why, fix)

    def _unreached(self, why: object) -> UserError:
        hint = f"start `limpet-proxy serve` with [http] listen, or {_HINT}"
        return UserError(f"no proxy answers at {self._base}", str(why), hint)


_HINT = "name another with --proxy or LIMPET_PROXY"


def _key(file: Path | None) -> str:
    if file is None:
        raise UserError(
            "a proxy obeys operators who have a key",
            "no --admin-key-file and no LIMPET_ADMIN_KEY_FILE",
            "limpet-proxy key NAME --keys admins.txt > admin.key, and admin_keys_file = "
            "'admins.txt' in [http]",
        )
    try:
        key = file.read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeError) as e:
        hint = "name the file that has what `limpet-proxy key` printed"
        raise UserError(f"{file} cannot be read", str(e), hint) from e
    if not key or not key.isascii() or not key.isprintable():
        raise UserError(
            f"there is no key in {file}",
            "its first line is empty, or more than a key",
            "limpet-proxy key NAME --keys admins.txt > admin.key",
        )
    return key


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
