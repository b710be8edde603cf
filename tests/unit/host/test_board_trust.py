"""A broker's certificate goes onto a board, and who signs updates; a private key never does."""

from pathlib import Path
from typing import Any

import pytest

from host.board_trust import read_trust
from host.device_settings import check_settings
from host.errors import UserError

PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
TAKEN = {
    "PEM": (PEM, "/ca.pem"),
    "PEM after words": (b"subject: broker\n" + PEM, "/ca.pem"),
    "DER": (b"\x30\x82\x01\x00" + bytes(256), "/ca.der"),
}
REFUSED = {
    "a key beside it": (PEM + b"-----BEGIN PRIVATE KEY-----\n", "a private key"),
    "a key of RSA": (b"-----BEGIN RSA PRIVATE KEY-----\n", "a private key"),
    "something else": (b"hello", "neither PEM nor DER"),
    "nothing": (b"", "neither PEM nor DER"),
    "all that a browser trusts": (PEM * 200, "are the most"),
}


@pytest.mark.parametrize("data, where", TAKEN.values(), ids=TAKEN)
def test_a_certificate_is_taken_as(data: bytes, where: str, tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(data)
    ca = read_trust(tmp_path / "ca", None)
    assert ca.files == {where: data}
    settings: dict[str, Any] = {"device": "attic", "broker": {"host": "h"}}
    named = ca.named(settings)
    assert named["broker"] == {"host": "h", "tls": where} and named["ntp"] == "pool.ntp.org"
    assert settings["broker"] == {"host": "h"}
    check_settings(named)


def test_what_settings_say_themselves_stays(tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(PEM)
    own = {"device": "a", "ntp": "router.lan", "broker": {"host": "h", "tls": "a:00ff"}}
    assert read_trust(tmp_path / "ca", None).named(own) == own


@pytest.mark.parametrize("data, words", REFUSED.values(), ids=REFUSED)
def test_refused_is(data: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / "ca").write_bytes(data)
    with pytest.raises(UserError) as caught:
        read_trust(tmp_path / "ca", None)
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="none"):
        read_trust(tmp_path / "none", None)


def test_who_signs_updates_is_named(tmp_path: Path) -> None:
    (tmp_path / "update.pub").write_text("0f" * 256 + "\n")
    settings: dict[str, Any] = {"device": "attic", "broker": {"host": "h"}}
    named = read_trust(None, tmp_path / "update.pub").named(settings)
    assert named == settings | {"update_key": "0f" * 256}
    check_settings(named)


NO_KEY = {"too short": "0f" * 255, "a private key": "-----BEGIN RSA PRIVATE KEY-----", "": ""}


@pytest.mark.parametrize("text", NO_KEY.values(), ids=NO_KEY)
def test_no_public_key_is(text: str, tmp_path: Path) -> None:
    (tmp_path / "update.pub").write_text(text)
    with pytest.raises(UserError, match="has no public key"):
        read_trust(None, tmp_path / "update.pub")
