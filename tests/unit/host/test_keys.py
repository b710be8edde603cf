"""The key file: made for its owner alone, whole at any time, also where many change it."""

import os
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from host import keys
from host.device_settings import check_settings
from host.errors import UserError

HEX = "0" * 64
GOOD = f'[kitchen]\npassword = "p"\npsk = "{HEX}"\ncmd_key = "{HEX}"\n'


def test_keys_are_made_once_and_the_file_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    first = keys.ensure_keys(path, ["attic", "cellar"])
    again = keys.ensure_keys(path, ["cellar", "attic", "roof"])
    assert first == {name: again[name] for name in first} and keys.read_keys(path) == again
    assert path.stat().st_mode & 0o777 == 0o600 and list(tmp_path.iterdir()) == [path]
    values = [
        value for table in tomllib.loads(path.read_text()).values() for value in table.values()
    ]
    assert len(set(values)) == 9
    assert all(len(bytes.fromhex(own.cmd_key)) == 32 for own in again.values())


def test_a_board_gets_its_keys_and_keeps_a_user_of_its_own() -> None:
    own = keys.new_keys()
    plain = {"device": "attic", "broker": {"host": "h"}}
    named = {"device": "attic", "broker": {"host": "h", "user": "all", "password": "one"}}
    made = keys.with_keys(plain, own)
    assert made["broker"] == {"host": "h", "user": "attic", "password": own.password}
    assert keys.with_keys(named, own)["broker"] == named["broker"]
    assert made["cmd_key"] == own.cmd_key and plain["broker"] == {"host": "h"}
    check_settings(made)


def test_a_key_is_changed_and_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    before = keys.ensure_keys(path, ["attic", "cellar"])
    with keys.changing(path) as own:
        own["attic"] = replace(own["attic"], cmd_key=HEX, password='say "friend" \\ ü')
        del own["cellar"]
    after = keys.read_keys(path)
    assert set(after) == {"attic"} and after["attic"].cmd_key == HEX
    assert after["attic"].password == 'say "friend" \\ ü'
    assert after["attic"].psk == before["attic"].psk


def test_a_change_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(GOOD)
    path.chmod(0o600)
    with pytest.raises(KeyError), keys.changing(path) as own:
        own["attic"] = keys.new_keys()
        raise KeyError
    assert path.read_text() == GOOD


def test_forty_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    names = [f"board-{number}" for number in range(40)]

    def one(name: str) -> keys.Keys:
        return keys.ensure_keys(path, [name])[name]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, names))
    assert keys.read_keys(path) == dict(zip(names, made, strict=True))


DAMAGED = {
    "no TOML": ("[kitchen", "no key file"),
    "a key of 63 digits": (GOOD.replace(HEX, HEX[1:]), "64 hex digits"),
    "a key that is missing": (GOOD.replace("psk", "key"), "must have password, psk, cmd_key"),
    "a key that is a number": (GOOD.replace('"p"', "1"), "each a string"),
    "a name that no device has": (GOOD.replace("kitchen", '"Up stairs"'), "no device's name"),
    "a value outside of tables": ("x = 1\n" + GOOD, "[x] must have"),
    "an empty password": (GOOD.replace('"p"', '""'), "1 to 128 bytes"),
    "a password that breaks the line": (GOOD.replace('"p"', '"a\\nb"'), "1 to 128 bytes"),
}


@pytest.mark.parametrize("text, words", DAMAGED.values(), ids=DAMAGED)
def test_a_key_file_is_refused_for(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError) as caught:
        keys.ensure_keys(path, ["attic"])
    assert words in str(caught.value) and path.read_text() == text


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(GOOD)
    path.chmod(0o640)
    with pytest.raises(UserError, match="can be read by others"):
        keys.read_keys(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written"):
        keys.ensure_keys(tmp_path / "none" / "keys.toml", ["attic"])


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.toml"
    keys.ensure_keys(path, ["attic"])
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        keys.ensure_keys(path, ["cellar"])
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_rows_of_a_psk_file_are_replaced_by_name(tmp_path: Path) -> None:
    path = tmp_path / "psk"
    path.write_text("other:00ff\nattic:11\n")
    keys.add_psks(path, ["attic:22", "roof:33"])
    assert path.read_text() == "other:00ff\nattic:22\nroof:33\n"
