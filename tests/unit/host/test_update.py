"""Releases, their keys and their blocks, on the operator's side."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric import rsa as other
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from firmware import wire
from host import rsa, update
from host.errors import UserError

KEY = rsa.new_key()
FILES = {"app.mpy": b"M\x06" + bytes(2500), "a.mpy": b"M\x06\x00", "tools.txt": b"x" * 1024}


def release(**more: object) -> update.Release:
    return update.build("1.2", 7, files=FILES | more)  # type: ignore[arg-type]


def test_a_key_outlives_its_file(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(rsa.to_pem(KEY))
    assert rsa.load_key(path).public_hex == KEY.public_hex
    assert len(KEY.public_hex) == 512 and int(KEY.public_hex, 16).bit_length() == 2048


def test_openssl_takes_key_and_signature_as_its_own(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    key, message, signature = tmp_path / "k.pem", tmp_path / "m", tmp_path / "s"
    key.write_text(rsa.to_pem(KEY))
    message.write_bytes(b"hello")
    subprocess.run(
        [openssl, "rsa", "-in", key, "-check", "-noout"], check=True, capture_output=True
    )
    command = [openssl, "dgst", "-sha256", "-sign", key, "-out", signature, message]
    subprocess.run(command, check=True, capture_output=True)
    assert signature.read_bytes() == KEY.sign(b"hello")


def pem(key: Any, password: bytes = b"") -> str:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


NO_KEYS = {
    "nothing": "",
    "words": "-----BEGIN RSA PRIVATE KEY-----\nwords\n-----END RSA PRIVATE KEY-----\n",
    "half a key": rsa.to_pem(KEY)[:600],
    "another kind of key": pem(ec.generate_private_key(ec.SECP256R1())),
    "a key of another size": pem(other.generate_private_key(rsa.EXPONENT, 3072)),
    "a key with a password": pem(KEY.key, b"secret"),
}


@pytest.mark.parametrize("text", NO_KEYS.values(), ids=NO_KEYS)
def test_a_file_is_no_key_that_holds(text: str, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_text(text)
    with pytest.raises(UserError, match="is no"):
        rsa.load_key(path)


def test_a_signature_is_of_one_key_and_one_message() -> None:
    signature = KEY.sign(b"hello")
    assert rsa.verify(KEY.public_hex, b"hello", signature)
    assert not rsa.verify(KEY.public_hex, b"hallo", signature)
    assert not rsa.verify(KEY.public_hex, b"hello", signature[:-1] + b"\0")
    assert not rsa.verify(KEY.public_hex, b"hello", bytes(255) + b"\1")


def test_a_job_says_what_boards_need_and_app_comes_last() -> None:
    job = release().job
    assert [row[0] for row in job["files"]] == ["a.mpy", "tools.txt", "app.mpy"]
    assert (job["id"], job["n"], job["mpy"]) == ("1.2-7", 7, "4d06") and "boards" not in job
    assert len(update.signed(release().body, KEY)) <= wire.MAX_IN
    real = update.build("0.1.0")
    assert len(update.signed(real.body, KEY)) <= wire.MAX_IN and real.files["app.mpy"]


def test_blocks_make_up_each_file() -> None:
    made = release()
    for name, data in FILES.items():
        got, at = b"", 0
        while at < len(data):
            asked = wire.encode({"id": "1.2-7", "f": name, "o": at})
            block = made.block(asked)
            assert block
            head, part = block.split(b"\n", 1)
            assert head == f"1.2-7 {name} {at}".encode() and 0 < len(part) <= 1024
            got, at = got + part, at + len(part)
        assert got == data


NOT_OURS = {
    "of another release": {"id": "1.1-6", "f": "a.mpy", "o": 0},
    "of a file that is not in it": {"id": "1.2-7", "f": "/settings.json", "o": 0},
    "from before a file": {"id": "1.2-7", "f": "a.mpy", "o": -1},
    "from behind a file": {"id": "1.2-7", "f": "a.mpy", "o": 3},
    "without a place": {"id": "1.2-7", "f": "a.mpy"},
}


@pytest.mark.parametrize("asked", NOT_OURS.values(), ids=NOT_OURS)
def test_no_block_is_given(asked: dict[str, object]) -> None:
    assert release().block(wire.encode(asked)) is None


def test_a_folder_holds_a_release_and_its_signature(tmp_path: Path) -> None:
    update.write(release(), tmp_path)
    with pytest.raises(UserError, match="is not signed"):
        update.read_signed(tmp_path)
    update.sign(tmp_path, KEY)
    assert update.read(tmp_path) == release()
    assert update.is_signed(update.read_signed(tmp_path), KEY.public_hex)
    (tmp_path / "files" / "a.mpy").write_bytes(b"M\x06\x01")
    with pytest.raises(UserError, match="a.mpy is not the file of this release"):
        update.read_signed(tmp_path)


def test_a_release_that_no_board_could_take_is_not_built() -> None:
    with pytest.raises(UserError, match="cannot take this release"):
        update.build("1", 1, files=FILES | {f"f{n}.mpy": b"M" for n in range(40)})
    with pytest.raises(UserError, match="cannot take this release"):
        release(**{"../main.py": b""})
