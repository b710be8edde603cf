"""The bridge between Home Assistant and a board: the real firmware, a real broker, the wire of both."""

import json
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, contextmanager

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from host import home_assistant as ha
from host import signing, update
from host.keys import changing, new_keys
from host.lab import Lab
from host.mqtt import leave
from host.person import Person
from tests.system.update_kit import KEY, agent

DEADLINE_S = 60.0


class Assistant:
    """Does with MQTT what Home Assistant does: reads announcements, follows states, wants things."""

    def __init__(self, broker):
        self.devices, self.states, self.gone = {}, {}, []
        self._changed = threading.Condition()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_socket_open = Person.no_delay
        self._client.on_message = self._on_message
        ready = threading.Event()
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        topics = ["homeassistant/device/+/config", "limpet-ha/#", "limpet/v1/+/up/+"]
        topics.append("limpet/v1/+/down/job")
        self._client.subscribe([(topic, 1) for topic in topics])
        assert ready.wait(DEADLINE_S)

    def _on_message(self, _client, _data, message):
        with self._changed:
            if message.topic.startswith("homeassistant/"):
                self._announced(message.topic, message.payload)
            else:
                self.states[message.topic] = message.payload.decode()
            self._changed.notify_all()

    def _announced(self, topic, payload):
        if not payload:
            self.devices.pop(topic, None)
            return
        body = json.loads(payload)
        kept = self.devices.setdefault(topic, {})
        for name, entity in body.pop("cmps").items():
            if entity.keys() == {"p"}:
                kept.pop(name, None)
                self.gone.append(name)
            else:
                kept[name] = {**body, **entity}

    def wait(self, what, found, timeout_s=DEADLINE_S):
        with self._changed:
            assert self._changed.wait_for(lambda: found() not in (None, False), timeout_s), (
                what, self.devices.keys(), self.states
            )  # fmt: skip
            return found()

    def entity(self, device, name):
        """Return an entity by the name that a person sees, once it is there."""

        def find():
            known = self.devices.get(ha.config_topic(device), {})
            return next((e for e in known.values() if e.get("name") == name), None)

        return self.wait(name, find)

    def is_there(self, entity):
        return all(self.states.get(a["topic"]) == "online" for a in entity["availability"])

    def state(self, entity, wanted):
        self.wait(
            (entity["name"], wanted), lambda: self.states.get(entity["state_topic"]) == wanted
        )

    def forget_states(self):
        with self._changed:
            self.states.clear()

    def want(self, entity, payload):
        self._client.publish(entity["command_topic"], payload, 1)

    def say(self, topic, payload, retain=False):
        self._client.publish(topic, payload, 1, retain).wait_for_publish(DEADLINE_S)

    def close(self):
        leave(self._client)


@contextmanager
def house(tmp_path, proxy=False, **settings):
    """Yield a board with a lamp and a doorbell, Home Assistant, and how a bridge is started."""
    keys = new_keys()
    file = tmp_path / "keys.toml"
    with changing(file) as known:
        known["demo"] = keys
    settings = {"cmd_key": keys.cmd_key} | settings
    with Lab(proxy=proxy, settings=settings) as lab, closing(Assistant(lab.broker)) as assistant:
        where = f"{lab.broker.host}:{lab.broker.port}"
        command = [sys.executable, "-m", "host.cli", "fleet", "home-assistant"]
        command += ["--keys", str(file), "--broker", where, "--every", "5"]
        owner = Owner(assistant, keys.cmd_key)
        owner.do("device_set", name="lamp", kind="lamp", pin=2)
        owner.do("device_set", name="doorbell", kind="button", pin=4)
        yield lab, assistant, owner, command


class Owner:
    """One who commands the board beside Home Assistant."""

    def __init__(self, assistant, key):
        self._assistant, self._key, self._n = assistant, key, 0

    def do(self, tool, **args):
        self._n += 1
        states = self._assistant.states
        info = json.loads(
            self._assistant.wait("birth", lambda: states.get("limpet/v1/demo/up/info"))
        )
        call = {"tool": tool, "args": args}
        number = f"own-{self._n}"
        payload = signing.command(
            self._key,
            "demo",
            info["nonce"],
            id=number,
            n=time.time_ns() // 1_000_000,
            calls=[call],
        )
        self._assistant.say("limpet/v1/demo/down/cmd", payload)
        self._assistant.wait(
            tool, lambda: f'"{number}"' in states.get("limpet/v1/demo/up/res", "")
        )
        assert json.loads(states["limpet/v1/demo/up/res"])["ok"]


@contextmanager
def running(command):
    """Run a bridge and yield its lines."""
    bridge = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(bridge.stdout))
    reader.start()
    try:
        yield bridge, lines
    finally:
        bridge.send_signal(signal.SIGINT)
        assert bridge.wait(DEADLINE_S) == 130 or bridge.returncode < 0
        reader.join()
        errors = bridge.stderr.read()
        bridge.stdout.close()
        bridge.stderr.close()
        assert "Traceback" not in errors, errors


def test_home_assistant_sees_a_board_and_switches_it(tmp_path):
    with house(tmp_path) as (lab, assistant, owner, command), running(command):
        lamp = assistant.entity("demo", "lamp")
        assistant.wait("availability", lambda: assistant.is_there(lamp))
        assistant.state(lamp, "OFF")
        assistant.want(lamp, "ON")
        assistant.state(lamp, "ON")
        assert lab.board.pins[2].value == 1
        owner.do("gpio_write", pin=2, value=0)  # by somebody else
        assistant.state(lamp, "OFF")
        doorbell = assistant.entity("demo", "doorbell")
        assert doorbell["p"] == "binary_sensor" and "command_topic" not in doorbell
        lab.board.pins[4].drive(1)
        assistant.state(doorbell, "ON")
        for diagnosis in ("Free memory", "Uptime"):
            topic = assistant.entity("demo", diagnosis)["state_topic"]
            assert int(assistant.wait(diagnosis, lambda t=topic: assistant.states.get(t))) > 0
        topic = assistant.entity("demo", "Wi-Fi")["state_topic"]
        assert assistant.wait("dBm", lambda: assistant.states.get(topic)) == "-50"


def test_what_the_board_refuses_is_told_and_the_switch_goes_back(tmp_path):
    limits = {"limits": {"pin_per_minute": 2}}
    with house(tmp_path, **limits) as (lab, assistant, _, command):
        with running(command) as (_, lines):
            lamp = assistant.entity("demo", "lamp")
            assistant.state(lamp, "OFF")
            for payload, state in (("ON", "ON"), ("OFF", "OFF")):
                assistant.want(lamp, payload)
                assistant.state(lamp, state)
            assistant.forget_states()
            assistant.want(lamp, "ON")  # the third within a minute
            assistant.state(lamp, "OFF")
            assistant.forget_states()
            assistant.want(lamp, "BLINK")
            assistant.state(lamp, "OFF")
            assert lab.board.pins[2].value == 0
        assert any("minute" in line for line in lines), lines
        assert any("a lamp cannot be 'BLINK'" in line for line in lines), lines


def test_things_that_come_and_go_do_so_in_home_assistant(tmp_path):
    with house(tmp_path) as (_, assistant, owner, command):
        with running(command):
            assistant.entity("demo", "lamp")
            owner.do("device_delete", name="lamp")
            owner.do("device_set", name="pump", kind="relay", pin=5)
            assistant.entity("demo", "pump")
            known = assistant.devices[ha.config_topic("demo")]
            assistant.wait("no lamp", lambda: "gpio2" not in known)
        owner.do("device_delete", name="pump")  # while no bridge runs
        with running(command):
            assistant.wait("no pump", lambda: "gpio5" not in known)


def test_it_tells_all_again_when_home_assistant_starts(tmp_path):
    with house(tmp_path) as (_, assistant, __, command), running(command):
        lamp = assistant.entity("demo", "lamp")
        assistant.state(lamp, "OFF")
        assistant.devices.clear()
        assistant.forget_states()
        assistant.say("homeassistant/status", b"online")
        assistant.state(assistant.entity("demo", "lamp"), "OFF")


def test_a_sentence_is_answered(tmp_path):
    with house(tmp_path, proxy=True) as (lab, assistant, _, command), running(command):
        assistant.want(assistant.entity("demo", "Say something"), "turn on pin 2")
        answer = assistant.entity("demo", "Answer")
        assistant.wait("an answer", lambda: assistant.states.get(answer["state_topic"]))
        assert lab.board.pins[2].value == 1
        topic = answer["json_attributes_topic"]
        attributes = json.loads(assistant.wait("all of it", lambda: assistant.states.get(topic)))
        assert attributes["ok"] and attributes["text"].startswith(
            assistant.states[answer["state_topic"]]
        )
        assistant.state(assistant.entity("demo", "lamp"), "ON")


def test_nothing_is_claimed_when_the_bridge_or_the_board_is_gone(tmp_path):
    with house(tmp_path) as (lab, assistant, _, command):
        with running(command) as (bridge, _):
            lamp = assistant.entity("demo", "lamp")
            assistant.wait("availability", lambda: assistant.is_there(lamp))
            bridge.kill()
            assistant.wait("the will", lambda: not assistant.is_there(lamp))
        with running(command):
            assistant.wait("again", lambda: assistant.is_there(lamp))
            lab.board.stop()
            assistant.wait("the board's will", lambda: not assistant.is_there(lamp))


def test_what_a_sensor_measures_is_a_sensor(tmp_path):
    with house(tmp_path) as (lab, assistant, owner, command):
        for name, pin, unit in (("bath", 25, "°C"), ("boiler", 26, "C"), ("soil", 34, "%")):
            owner.do("device_set", name=name, kind="sensor", pin=pin, options={"unit": unit})
        owner.do("device_set", name="gate", kind="sensor", pin=27)
        lab.board.dht(25).model = "dht22"
        lab.board.dht(25).set(t=21.5, h=40.0)
        lab.board.ds18x20(26).set(64.5)
        lab.board.adc(34).set_mv(1500)
        with running(command) as (_, lines):
            bath, boiler = assistant.entity("demo", "bath"), assistant.entity("demo", "boiler")
            assistant.state(bath, "21.5")
            assert (bath["p"], bath["device_class"]) == ("sensor", "temperature")
            assistant.state(boiler, "64.5")
            assistant.state(assistant.entity("demo", "bath humidity"), "40.0")
            soil = assistant.entity("demo", "soil")
            topic = soil["state_topic"]
            assistant.wait("mV", lambda: abs(int(assistant.states.get(topic) or 0) - 1500) < 30)
            assert soil["unit_of_measurement"] == "mV"
            gate = assistant.entity("demo", "gate")
            assert gate["p"] == "binary_sensor"
            lab.board.ds18x20(26).unplug()
            assistant.state(boiler, "None")
            lab.board.ds18x20(26).set(60.0)
            assistant.state(boiler, "60.0")
            assistant.forget_states()
            assistant.say("homeassistant/status", b"online")
            assistant.state(bath, "21.5")
        assert [line for line in lines if "boiler" in line], lines
        assistant.gone.clear()
        assistant.forget_states()
        with running(command):
            assistant.state(bath, "21.5")
        assert not assistant.gone  # what was found stays when a bridge starts anew


def test_boards_can_be_taken_back(tmp_path):
    with house(tmp_path) as (_, assistant, __, command):
        with running(command):
            assistant.entity("demo", "lamp")
        other = ha.config_topic("attic")  # of another bridge
        assistant.say(other, b'{"cmps":{}}', retain=True)
        assistant.wait("another's", lambda: other in assistant.devices)

        def remove(*words):
            done = subprocess.run(
                [*command, "--remove", *words],
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                check=True,
            )
            return done.stdout

        assert remove("--where", "tag=none-of-it") == "0 boards taken back\n"
        assert remove() == "1 boards taken back\n"
        assistant.wait("one", lambda: list(assistant.devices) == [other])
        assert remove("--where", "device=attic") == "1 boards taken back\n"
        assistant.wait("nothing", lambda: not assistant.devices)


def released(tmp_path, name, number, **changed):
    """Return the folder of a signed release."""
    made = update.build(name, number, files=agent(name, **changed))
    folder = tmp_path / name
    update.write(made, folder)
    (folder / "job.signed").write_bytes(update.signed(made.body, KEY))
    return str(folder)


@pytest.mark.timeout(600)  # a trial that fails starts four times
def test_home_assistant_installs_a_release_on_one_board(tmp_path):
    with house(tmp_path, update_key=KEY.public_hex) as (lab, assistant, _, command):
        good, bad = released(tmp_path, "8", 8), released(tmp_path, "9", 9, rules="1/0")

        def at(**fields):
            told = assistant.states.get(topic)
            return told and fields.items() <= json.loads(told).items()

        with running([*command, "--release", good]) as (bridge, lines):
            firmware = assistant.entity("demo", "Firmware")
            topic = firmware["state_topic"]
            assistant.wait("offered", lambda: at(latest_version="8", in_progress=False))
            assistant.say(firmware["command_topic"], b"reinstall")  # no such wish
            assistant.want(firmware, firmware["payload_install"])
            assistant.wait("under way", lambda: at(in_progress=True))
            assistant.wait("blocks", lambda: (json.loads(assistant.states[topic]).get(
                "update_percentage") or 0) > 0)  # fmt: skip
            bridge.kill()
        assert not any("failed" in line for line in lines), lines
        with running([*command, "--release", good]) as (_, lines):  # goes on where it was
            assistant.wait("installed", lambda: at(installed_version="8", in_progress=False))
            assistant.wait("told", lambda: any("8 done" in line for line in lines))
            assistant.want(firmware, "install")
            assistant.wait("told", lambda: any("8 already" in line for line in lines))
        with running([*command, "--release", bad]) as (_, lines):
            assistant.wait("offered", lambda: at(latest_version="9", in_progress=False))
            assistant.want(firmware, "install")
            assistant.wait("under way", lambda: at(in_progress=True))
            assistant.wait("failed", lambda: at(in_progress=False), 4 * DEADLINE_S)
            assistant.wait("told", lambda: any("9 failed" in line for line in lines))
            assert installed(assistant, topic).startswith("8.")


def installed(assistant, topic):
    return json.loads(assistant.states.get(topic) or "{}").get("installed_version", "")


def test_without_a_release_nothing_can_be_installed(tmp_path):
    with house(tmp_path) as (_, assistant, __, command), running(command) as (___, lines):
        firmware = assistant.entity("demo", "Firmware")
        assert "command_topic" not in firmware
        assistant.say(ha.topic("demo", "update", "set"), b"install")
        assistant.state(assistant.entity("demo", "lamp"), "OFF")
        topic = "limpet/v1/demo/down/job"
        assert topic not in assistant.states
        assistant.wait("told", lambda: any("it has no update" in line for line in lines))


def test_a_release_that_is_not_signed_is_refused(tmp_path):
    keys_file = tmp_path / "keys.toml"
    with changing(keys_file) as known:
        known["demo"] = new_keys()
    update.write(update.build("8", 8), tmp_path / "r")
    command = [sys.executable, "-m", "host.cli", "fleet", "home-assistant", "--keys"]
    command += [str(keys_file), "--release", str(tmp_path / "r")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "is not signed" in done.stderr


def test_without_keys_that_is_told(tmp_path):
    command = [sys.executable, "-m", "host.cli", "fleet", "home-assistant", "--keys", "none.toml"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert done.returncode == 1 and "no keys in none.toml" in done.stderr
