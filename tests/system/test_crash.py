"""What a board says of its own failures: once, retained, with the names of the sources."""

import json
import subprocess
import sys
import threading
from contextlib import closing

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from host.image import agent_sources, compile_agent
from host.lab import Lab
from host.mqtt import leave
from host.person import Person

DEADLINE_S = 60.0
CRASH = "limpet/v1/demo/up/crash"


class Listener:
    """Hears what is said on the topic of crashes, and whether the broker keeps it."""

    def __init__(self, broker):
        self.heard = []
        self._changed = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_socket_open = Person.no_delay
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe(CRASH, 1)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def _on_message(self, _client, _data, message):
        with self._changed:
            self.heard.append((json.loads(message.payload)["text"], message.retain))
            self._changed.notify_all()

    def wait(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.heard) >= count, DEADLINE_S)

    def close(self):
        leave(self._client)


def broken(module, old, new):
    """Return a module's bytecode with one piece of its source changed."""
    source = agent_sources()[module]
    assert source.count(old) == 1
    return compile_agent(module, source.replace(old, new))


def crashes(lab):
    """Return what `limpet fleet crash` says."""
    where = f"{lab.broker.host}:{lab.broker.port}"
    command = [sys.executable, "-m", "host.cli", "fleet", "crash", "--broker", where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("demo:\n")
    return done.stdout


def test_a_task_that_fails_again_and_again_is_told_once_and_kept():
    with Lab(proxy=False) as lab, closing(Listener(lab.broker)) as listener:
        bad = broken("rules", '        """Fire rules for ever."""\n', "        1 // 0\n")
        lab.board.files.write("/firmware/rules.mpy", bad)
        lab.board.reset()
        listener.wait(1)
        assert "ZeroDivisionError" in listener.heard[0][0]
        assert lab.person.ask("/status")["ok"]  # the others go on
        lab.world.run(seconds=30)
        assert lab.person.ask("/status")["ok"]
        assert len(listener.heard) == 1
        with closing(Listener(lab.broker)) as late:
            late.wait(1)
            assert late.heard[0][1]  # the broker keeps it
        told = crashes(lab)
        assert 'File "rules.py"' in told and "ZeroDivisionError: divide by zero" in told


def test_a_start_that_fails_is_told_by_the_next_one():
    with Lab(proxy=False) as lab, closing(Listener(lab.broker)) as listener:
        good = lab.board.files.read("/firmware/clock.mpy")
        lab.board.files.write("/firmware/clock.mpy", b"M\x03\x00\x1f")  # of another MicroPython
        boots = lab.board.boots
        lab.board.reset()
        while lab.board.boots < boots + 2:
            lab.world.run(seconds=1)
        lab.board.stop()
        lab.board.files.write("/firmware/clock.mpy", good)
        lab.board.start()
        listener.wait(1)
        assert "incompatible .mpy" in listener.heard[0][0]
        assert not lab.board.files.exists("/crash")
        assert "incompatible .mpy" in crashes(lab)
