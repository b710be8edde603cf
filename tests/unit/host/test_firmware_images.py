"""Base images from a server of our own: what is kept, what is refused, what works offline."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from host import firmware_images
from host.boards import board_names, load_board
from host.cache import cache_dir
from host.errors import UserError

IMAGE = b"\xe9" + bytes(range(256)) * 900
SHA = hashlib.sha256(IMAGE).hexdigest()
FILE = "ESP32_GENERIC-20251209-v1.27.0.bin"


class Site(http.server.ThreadingHTTPServer):
    """Answers every path with `body`, after saying it were `length` bytes; counts what it gave."""

    body = IMAGE
    length: int | None = None
    status = 200
    asked = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(self.server.length or len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("LIMPET_CACHE", str(tmp_path))
    cache_dir.cache_clear()
    with Site(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    cache_dir.cache_clear()


def fetch(site: Site) -> Path:
    return firmware_images.fetch("ESP32_GENERIC", lambda done, total: None, site.url)


def test_an_image_is_fetched_once_and_then_without_a_network(site: Site) -> None:
    firmware_images.pin("ESP32_GENERIC", FILE, SHA.upper())
    seen: list[tuple[int, int]] = []
    path = firmware_images.fetch("ESP32_GENERIC", lambda *row: seen.append(row), site.url)
    assert path.read_bytes() == IMAGE and seen[-1] == (len(IMAGE), len(IMAGE))
    assert (fetch(site), site.asked) == (path, 1)
    path.write_bytes(b"damaged")
    assert (fetch(site).read_bytes(), site.asked) == (IMAGE, 2)


BAD: dict[str, tuple[dict[str, object], str]] = {
    "other bytes": ({"body": IMAGE + b"!"}, "is not the image that is locked"),
    "a page that says no": ({"status": 404}, "could not be fetched"),
    "half of it": ({"length": len(IMAGE) * 2}, "could not be fetched"),
}


@pytest.mark.parametrize("served, words", BAD.values(), ids=BAD)
def test_what_is_not_the_locked_image_is_not_kept(
    site: Site, served: dict[str, object], words: str
) -> None:
    firmware_images.pin("ESP32_GENERIC", FILE, SHA)
    for name, value in served.items():
        setattr(site, name, value)
    with pytest.raises(UserError) as caught:
        fetch(site)
    assert words in str(caught.value)
    assert not (cache_dir() / "firmware" / FILE).exists()


def test_the_first_download_without_a_hash_is_trusted_said_and_held_to_from_then_on(
    site: Site,
) -> None:
    firmware_images.pin("ESP32_GENERIC", FILE, "")
    said: list[str] = []

    def again() -> Path:
        return firmware_images.fetch("ESP32_GENERIC", lambda *_: None, site.url, said.append)

    path = again()
    assert path.read_bytes() == IMAGE and SHA in said[0] and "first use" in said[0]
    assert firmware_images.locked("ESP32_GENERIC").sha256 == SHA
    path.unlink()
    site.body = IMAGE + b"!"
    with pytest.raises(UserError, match="is not the image that is locked"):
        again()
    assert len(said) == 1


def test_a_page_of_a_hotel_is_not_trusted_at_first_use(site: Site) -> None:
    firmware_images.pin("ESP32_GENERIC", FILE, "")
    site.body = b"<html>log in"
    with pytest.raises(UserError, match="begins as no image does"):
        fetch(site)
    assert firmware_images.locked("ESP32_GENERIC").sha256 == ""


def test_a_server_that_is_not_there_is_named(site: Site) -> None:
    firmware_images.pin("ESP32_GENERIC", FILE, SHA)
    with pytest.raises(UserError, match="could not be fetched"):
        firmware_images.fetch("ESP32_GENERIC", lambda *_: None, "http://127.0.0.1:1")


def test_a_file_with_another_hash_is_refused(site: Site, tmp_path: Path) -> None:
    (tmp_path / "own.bin").write_bytes(IMAGE)
    with pytest.raises(UserError, match="is not the file"):
        firmware_images.take(tmp_path / "own.bin", "0" * 64)
    with pytest.raises(UserError, match="cannot be read"):
        firmware_images.take(tmp_path / "none.bin", None)


LOCKS = {
    "no TOML": "[ESP32",
    "a path in place of a name": f'[ESP32_GENERIC]\nfile = "../../x.bin"\nsha256 = "{SHA}"',
    "a hash that is none": f'[ESP32_GENERIC]\nfile = "{FILE}"\nsha256 = "abc"',
    "no hash": f'[ESP32_GENERIC]\nfile = "{FILE}"',
}


@pytest.mark.parametrize("text", LOCKS.values(), ids=LOCKS)
def test_a_lock_that_is_damaged_is_named(site: Site, text: str) -> None:
    firmware_images.own_lock().write_text(text)
    with pytest.raises(UserError, match="is no lock"):
        fetch(site)


@pytest.mark.parametrize("name", board_names())
def test_each_board_has_a_locked_image(site: Site, name: str) -> None:
    board = load_board(name)
    assert firmware_images.locked(board.firmware).file.startswith(board.firmware + "-2")
    with pytest.raises(UserError, match="no image is locked for ESP9"):
        firmware_images.locked("ESP9")
