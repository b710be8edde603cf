"""A board is revoked, or its keys are rotated, while it is connected: what is delivered afterwards.

The board that keeps its old credentials stands for whoever has stolen them.
"""

import itertools
import json
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from host.broker import find_mosquitto
from tests.system.broker_kit import PskBoard
from tests.system.fleet_kit import Client
from tests.system.test_broker_setup import Site, limpet

pytestmark = pytest.mark.skipif(not find_mosquitto(), reason="needs mosquitto")
K, C = "limpet/v1/kitchen/", "limpet/v1/cellar/"
Anyone = Any  # a Client or a PskBoard


def by_password(site: Site, name: str, keys: Any) -> Client:
    """Return a board that comes again and again, as boards do."""
    return site.board(name, password=keys.password)


def by_psk(site: Site, name: str, keys: Any) -> PskBoard:
    return PskBoard(site.port, name, keys.psk)


def is_in(board: Anyone) -> bool:
    if isinstance(board, PskBoard):
        return board.welcome == b"\x20\2\0\0"
    return not board.connects[0].is_failure


def publish(board: Anyone, payload: bytes) -> None:
    """Publish until the broker has it, or the connection has ended."""
    if isinstance(board, PskBoard):
        board.publish("up/chat", payload)
        return
    sent = board.client.publish(f"limpet/v1/{board.name}/up/chat", payload, 1)
    while board.connected and not sent.is_published():
        time.sleep(0.005)


DOORS: dict[str, tuple[tuple[str, ...], Callable[[Site, str, Any], AbstractContextManager[Any]]]]
DOORS = {"a password": ((), by_password), "a pre-shared key": (("--psk",), by_psk)}
ACTS = {
    "revoked": (("revoke",),),
    "rotated": (("rotate",),),
    "revoked and added again": (("revoke",), ("add",)),
}


@pytest.mark.parametrize("acts", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("options, comes", DOORS.values(), ids=DOORS)
def test_with_what_it_had_a_connected_board_says_and_hears_nothing_more_and_does_not_come_back(
    options: tuple[str, ...],
    comes: Callable[[Site, str, Any], AbstractContextManager[Any]],
    acts: tuple[tuple[str, ...], ...],
    tmp_path: Path,
) -> None:
    site = Site(tmp_path, *options)
    number = itertools.count()
    try:
        old, others = site.keys("kitchen"), site.keys("cellar")
        with (
            comes(site, "kitchen", old) as kitchen,
            comes(site, "cellar", others) as cellar,
            site.service("operator") as operator,
        ):
            assert is_in(kitchen) and is_in(cellar)
            operator.subscribe("limpet/v1/+/up/#")
            kitchen.subscribe(K + "down/#")

            def delivered() -> tuple[bool, bool]:
                """Return whether the kitchen's word came to the operator, and his to it.

                The cellar's word comes behind it to the operator; the broker's answer to another
                word of the kitchen behind what was for the kitchen.
                """
                text = b"%d" % next(number)
                publish(kitchen, text)
                operator.send(K + "down/chat", text)
                publish(kitchen, b"is that all?")
                publish(cellar, text)
                operator.wait_for(lambda: (C + "up/chat", text) in operator.heard)
                said = (K + "up/chat", text) in operator.heard
                return said, (K + "down/chat", text) in kitchen.heard

            assert delivered() == (True, True)
            for act in acts:
                said = limpet(tmp_path, "broker", *act, "kitchen")
                assert "1 mosquitto of this machine told" in said and "restart" not in said
            while any(delivered()):  # mosquitto reads what it was told to when it can
                pass
            for _ in range(20):
                assert delivered() == (False, False)
            with comes(site, "kitchen", old) as again:
                assert not is_in(again)
            if acts != ACTS["revoked"]:
                new = site.keys("kitchen")
                assert {new.password, new.psk, new.cmd_key}.isdisjoint(
                    {old.password, old.psk, old.cmd_key}
                )
                with comes(site, "kitchen", new) as board:
                    assert is_in(board)
                    publish(board, b"by the new key")
                    wanted = (K + "up/chat", b"by the new key")
                    operator.wait_for(lambda: wanted in operator.heard)
                    assert delivered() == (False, False)
            rows = json.loads(limpet(tmp_path, "broker", "ls", "--json"))
            assert {r["device"]: r["may"] for r in rows}["kitchen"] == (acts != ACTS["revoked"])
    finally:
        site.close()


def test_where_the_broker_is_elsewhere_it_is_said_that_a_pre_shared_keys_connection_lives_on(
    tmp_path: Path,
) -> None:
    site = Site(tmp_path, "--psk")
    site.close()
    said = limpet(tmp_path, "broker", "rotate", "kitchen")
    assert "systemctl restart mosquitto" in said and "kitchen" in said
    assert "restart" not in limpet(tmp_path, "broker", "revoke", "kitchen")
    assert "systemctl restart mosquitto" in limpet(tmp_path, "broker", "add", "kitchen")
