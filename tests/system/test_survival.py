"""What a board survives: starts that fail, tasks that hang, files that rot, people in a hurry."""

import binascii
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import pytest

from firmware import wire
from host.boards import load_board
from host.emulator import World
from host.image import FIRMWARE_DIR, agent_program, board_files
from host.lab import Lab
from tests.system.offline_board import Call, OfflineBoard
from tests.system.test_trouble import ScriptedProxy, final, on

SETTINGS: dict[str, Any] = {"device": "shelf", "broker": {"host": "127.0.0.1", "port": 1}}


class Shelf:
    """A board on the real heap whose broker never answers, in a time that runs fast."""

    def __init__(self, files: dict[str, bytes] | None = None, **settings: Any) -> None:
        self.world = World(seed=7)
        made = board_files(load_board("esp32-devkit"), SETTINGS | settings) | (files or {})
        self.board = self.world.board(files=made)

    def run(self, seconds: float) -> str:
        """Switch it on if it is off, let time pass, and return what it printed meanwhile."""
        before = len(self.board.serial.text)
        self.board.start()
        self.world.run(seconds=seconds)
        return self.board.serial.text[before:]

    def enter(self, line: str, seconds: float = 2) -> str:
        """Type a line and return what the board prints."""
        self.board.serial.write(line.encode() + b"\n")
        return self.run(seconds)

    def stored(self, name: str) -> Any:
        return json.loads(self.board.files.read(f"/data/{name}").rsplit(b"\n", 1)[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self.world.close()


def sealed(document: object) -> bytes:
    """Return a document as it lies on the flash."""
    body = json.dumps(document).encode()
    return body + b"\n%08x" % binascii.crc32(body)


def main_py(body: str) -> dict[str, bytes]:
    """Return a main.py that puts a fault into the agent, and then is the real one."""
    real = (FIRMWARE_DIR / "main.py").read_text()
    text = "import asyncio, machine, time\nfrom firmware import app\n" + body + real
    return {"/main.py": agent_program(text)}


# Each is a program that fails the start, unless the board is in safe mode.
FAULTS = {
    "an exception": """
class App(app.App):
    def __init__(self, *parts):
        super().__init__(*parts)
        if not self.guard.safe:
            raise ValueError("no luck")
app.App = App
""",
    "a reset": """
class App(app.App):
    async def run(self):
        if not self.guard.safe:
            machine.reset()
        await super().run()
app.App = App
""",
    "a task that hangs": """
class App(app.App):
    async def run(self):
        if not self.guard.safe:
            while True:
                time.sleep(1)
        await super().run()
app.App = App
""",
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_three_starts_that_fail_by(fault: str) -> None:
    rules = {"blink": {"when": {"every_s": 1}, "do": [], "on": True}}
    with Shelf(main_py(fault) | {"/data/rules": sealed(rules)}) as shelf:
        shelf.run(seconds=1)
        for _ in range(70):
            if "safe mode" in shelf.board.serial.text:
                break
            shelf.run(seconds=10)
        assert shelf.board.boots == 4 and shelf.board.state == "running"
        assert "the last 3 starts failed" in shelf.enter("/safe")
        assert "blink" in shelf.enter("/rules")
        assert "I am in safe mode" in shelf.enter("turn on pin 2")
        shelf.run(seconds=600)
        assert shelf.board.boots == 4
        # One command leaves it, for another three starts.
        assert "restarting" in shelf.enter("/safe off", seconds=1)
        for _ in range(70):
            if shelf.board.boots == 8:
                break
            shelf.run(seconds=10)
        assert shelf.board.boots == 8


def test_a_crash_loop_through_power_cuts_counts_too() -> None:
    with Shelf() as shelf:
        for _ in range(3):
            assert "safe mode" not in shelf.run(seconds=2)
            shelf.board.power_cut()
        assert "safe mode: the last 3 starts failed" in shelf.run(seconds=2)


def test_an_outage_never_counts_as_a_failed_start() -> None:
    with Shelf() as shelf:
        for _ in range(6):
            shelf.run(seconds=65)
            shelf.board.reset()
        assert "safe mode" not in shelf.run(seconds=65)
        assert shelf.stored("boot") == [0, 0]


def test_the_watchdog_bites_a_board_that_hangs_and_is_counted() -> None:
    hang = """
async def hang():
    await asyncio.sleep(100)
    while machine.reset_cause() != machine.WDT_RESET:
        time.sleep(1)
class App(app.App):
    async def run(self):
        asyncio.create_task(hang())
        await super().run()
app.App = App
"""
    with Shelf(main_py(hang)) as shelf:
        shelf.run(seconds=99)
        assert shelf.board.boots == 1
        shelf.run(seconds=190)
        assert shelf.board.boots == 2
        assert "watchdog_bites: 1" in shelf.enter("/status")
        shelf.run(seconds=3600)
        assert shelf.board.boots == 2


def test_the_watchdog_bites_when_a_task_shows_no_sign_of_life() -> None:
    stuck = """
class App(app.App):
    async def run(self):
        if machine.reset_cause() != machine.WDT_RESET:
            self.guard.due["agent"] = 200000
        await super().run()
app.App = App
"""
    with Shelf(main_py(stuck)) as shelf:
        shelf.run(seconds=199)
        assert shelf.board.boots == 1
        shelf.run(seconds=190)
        assert shelf.board.boots == 2


def test_the_watchdog_bites_when_the_rules_wait_for_ever() -> None:
    stuck = """
class Rules(app.Rules):
    async def _look(self, name, now):
        await asyncio.Event().wait()
app.Rules = Rules
"""
    rules = {"blink": {"when": {"every_s": 600}, "do": [], "on": True}}
    with Shelf(main_py(stuck) | {"/data/rules": sealed(rules)}) as shelf:
        shelf.run(seconds=7700)
        assert shelf.board.boots == 1
        shelf.run(seconds=200)
        assert shelf.board.boots == 2


def test_a_board_that_hangs_after_each_good_start_ends_in_safe_mode() -> None:
    hang = """
async def hang():
    await asyncio.sleep(300)
    while True:
        time.sleep(1)
class App(app.App):
    async def run(self):
        if not self.guard.safe:
            asyncio.create_task(hang())
        await super().run()
app.App = App
"""
    with Shelf(main_py(hang)) as shelf:
        shelf.run(seconds=3000)
        assert "safe mode: the last 3 starts failed" in shelf.board.serial.text
        # One start that was good, three more that the watchdog made, and the one in safe mode.
        assert shelf.board.boots == 5 and shelf.stored("boot") == [3, 4]
        shelf.run(seconds=7200)
        assert shelf.board.boots == 5


def test_an_hour_without_a_bite_forgets_those_before() -> None:
    with Shelf({"/data/boot": sealed([2, 2])}) as shelf:
        shelf.run(seconds=2)
        shelf.board.watchdog.start(1)
        shelf.run(seconds=3500)
        assert shelf.board.boots == 2 and shelf.stored("boot") == [3, 3]
        shelf.run(seconds=200)
        assert shelf.stored("boot")[0] == 3  # it began in safe mode
    with Shelf({"/data/boot": sealed([1, 2])}) as shelf:
        shelf.run(seconds=2)
        shelf.board.watchdog.start(1)
        shelf.run(seconds=3500)
        assert shelf.board.boots == 2 and shelf.stored("boot") == [3, 3]
        shelf.run(seconds=200)
        assert shelf.stored("boot") == [0, 3]


BAD_SETTINGS: dict[str, tuple[dict[str, bytes], str]] = {
    "no settings": ({"/settings.json": b""}, "/settings.json is not JSON"),
    "no object": ({"/settings.json": b"[1]"}, "/settings.json is not an object"),
    "no device": ({"/settings.json": b"{}"}, "device is missing"),
    "a device's name": ({"/settings.json": b'{"device":"A B","broker":{"host":"x"}}'}, "device"),
    "no broker": ({"/settings.json": b'{"device":"a"}'}, "broker.host is missing"),
    "a port": (
        {"/settings.json": b'{"device":"a","broker":{"host":"x","port":"1"}}'},
        "broker.port must be a number from 1 to 65535",
    ),
    "a limit": (
        {
            "/settings.json": b'{"device":"a","broker":{"host":"x"},'
            b'"limits":{"calls_per_hour":"many"}}'
        },
        "limits.calls_per_hour must be a number",
    ),
    "a tag": (
        {"/settings.json": b'{"device":"a","broker":{"host":"x"},"tags":["house",5]}'},
        "tags must be 1 to 32 of",
    ),
    "an object that is none": (
        {"/settings.json": b'{"device":"a","broker":"x"}'},
        "broker.host is missing",
    ),
    "the board's file": ({"/board.json": b"{"}, "/board.json is not JSON"),
}


@pytest.mark.parametrize(("files", "why"), BAD_SETTINGS.values(), ids=BAD_SETTINGS)
def test_bad_settings_are_named_and_the_console_lives(files: dict[str, bytes], why: str) -> None:
    with Shelf(files) as shelf:
        assert why in shelf.run(seconds=200)
        assert why in shelf.enter("/safe")
        assert "commands: " in shelf.enter("/help")
        assert shelf.board.boots == 1 and shelf.board.state == "running"
        for _ in range(4):
            shelf.board.reset()
            shelf.run(seconds=2)
        # Once they are mended, nothing is left of it.
        good = board_files(load_board("esp32-devkit"), SETTINGS)
        for path in ("/settings.json", "/board.json"):
            shelf.board.files.write(path, good[path])
        shelf.board.reset()
        assert "safe mode" not in shelf.run(seconds=2)


# line, part of the answer, what /settings.json holds afterwards beside what it held
CHANGES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a text": ("/set ntp pool.ntp.org", "ntp is kept", {"ntp": "pool.ntp.org"}),
    "a number": (
        "/set llm.ttl_s 45",
        "llm.ttl_s is kept; /reboot uses it",
        {"llm": {"ttl_s": 45}},
    ),
    "a part of an object": (
        "/set broker.host 10.0.0.5",
        "broker.host is kept",
        {"broker": {"host": "10.0.0.5", "port": 1}},
    ),
    "a password, which is not printed": (
        "/set wifi.password Open Sesame!",
        "wifi.password is kept",
        {"wifi": {"password": "Open Sesame!"}},
    ),
    "a list": ('/set tags ["house"]', "tags is kept", {"tags": ["house"]}),
    "a text to nothing": ("/set ntp", "ntp is kept", {"ntp": ""}),
    "a field that is none": ("/set colour red", "fields: broker.host, broker.keepalive_s", {}),
    "a word for a number": ("/set broker.port x", "broker.port must be a number from 1 to", {}),
    "a number beyond": ("/set broker.port 65536", "broker.port must be a number from 1 to", {}),
    "a device's name": ("/set device Bad Name", "device and tags must be 1 to 32 of", {}),
    "nothing where something must be": ("/set device", "device must be text of 1 to", {}),
    "no field": ("/set", "fields: ", {}),
}


@pytest.mark.parametrize("line, answer, after", CHANGES.values(), ids=CHANGES)
def test_the_serial_line_changes(line: str, answer: str, after: dict[str, Any]) -> None:
    with Shelf() as shelf:
        shelf.run(seconds=2)
        said = shelf.enter(line)
        assert answer in said and "Sesame" not in said
        assert json.loads(shelf.board.files.read("/settings.json")) == SETTINGS | after
        assert "restarting" in shelf.enter("/reboot", seconds=5)
        assert "safe mode" not in shelf.board.serial.text and shelf.board.boots == 2


def test_the_serial_line_mends_what_safe_mode_names() -> None:
    with Shelf(broker={"host": "127.0.0.1", "port": "1883"}) as shelf:
        assert "broker.port must be" in shelf.run(seconds=2)
        assert "is kept" in shelf.enter("/set broker.port 1883")
        assert "as shelf" in shelf.enter("/reboot", seconds=5)


def test_a_factory_reset_by_the_button_takes_ten_seconds() -> None:
    with Shelf({"/data/memory": sealed({"pump": "gpio 5"})}) as shelf:
        shelf.run(seconds=2)
        shelf.board.pin(0).press(ms=9000)
        shelf.run(seconds=30)
        assert shelf.board.boots == 1 and shelf.board.files.exists("/data/memory")
        shelf.board.pin(0).press(ms=11_000)
        shelf.run(seconds=30)
        assert shelf.board.boots == 2 and not shelf.board.files.exists("/data/memory")
        assert shelf.board.files.exists("/settings.json")


FACTORY_RESETS = {
    "without a confirmation": ("/factory-reset", 1, True, True),
    "confirmed": ("/factory-reset confirm", 2, False, True),
    "confirmed for all": ("/factory-reset confirm all", 2, False, False),
}


@pytest.mark.parametrize("case", FACTORY_RESETS.values(), ids=FACTORY_RESETS)
def test_a_factory_reset_by_console(case: tuple[str, int, bool, bool]) -> None:
    line, boots, memory, settings = case
    with Shelf({"/data/memory": sealed({"pump": "gpio 5"})}) as shelf:
        shelf.run(seconds=2)
        shelf.enter(line, seconds=5)
        files = shelf.board.files
        assert (shelf.board.boots, files.exists("/data/memory")) == (boots, memory)
        assert files.exists("/settings.json") == settings
        if not settings:
            assert "/settings.json is missing" in shelf.board.serial.text


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda raw: raw[:-4],
    "empty": lambda raw: b"",
    "with a bit turned": lambda raw: bytes([raw[0] ^ 4]) + raw[1:],
    "far too large": lambda raw: raw * 4000,
    "of another kind": lambda raw: sealed([1, 2]),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_document_is_set_aside_that_is(damage: Callable[[bytes], bytes]) -> None:
    memory = damage(sealed({"pump": "gpio 5"}))
    with Shelf({"/data/memory": memory, "/data/memory.bad": b"older"}) as shelf:
        assert "memory was damaged and set aside as memory.bad" in shelf.run(seconds=2)
        assert "memory was damaged" in shelf.enter("/status")
        assert shelf.board.files.read("/data/memory.bad") == memory
        assert not shelf.board.files.exists("/data/memory")


FILL = """
import os
def fill():
    number = 0
    size = os.statvfs("/")[3] * 4096
    while size > 512:
        try:
            with open("/full%d" % number, "wb") as f:
                for _ in range(size // 512):
                    f.write(bytes(512))
            number += 1
        except OSError:
            size -= max(size // 8, 512)
try:
    os.stat("/full0")
except OSError:
    fill()
"""


def test_a_full_flash_boots_and_the_console_answers() -> None:
    with Shelf(main_py(FILL) | {"/data/memory": sealed({"pump": "gpio 5"})}) as shelf:
        shelf.run(seconds=2)
        for _ in range(5):
            shelf.board.reset()
            shelf.run(seconds=70)
        assert "flash_free_kb: 0" in shelf.enter("/status")
        assert "nothing that I know of touched pin 5" in shelf.enter("/why pump")
        assert shelf.board.boots == 6 and "safe mode:" not in shelf.board.serial.text
        assert shelf.stored("memory") == {"pump": "gpio 5"}


def test_a_full_flash_does_not_stop_a_turn() -> None:
    with Lab(proxy=False) as lab:
        lab.board.stop()
        lab.board.files.write("/main.py", main_py(FILL)["/main.py"])
        lab.board.start()
        lab.wait_online(hello=2)
        proxy = ScriptedProxy(lab)
        remember = {"tool": "memory_set", "args": {"key": "note", "value": "x" * 160}}
        proxy.script = lambda request: [final(request, say="on", calls=[on(2)])]
        for _ in range(6):
            answer = lab.person.ask("turn on pin 2")
            assert answer["ok"] and lab.board.pin(2).value == 1
        proxy.script = lambda request: [final(request, say="kept", calls=[remember])]
        assert lab.person.ask("remember this")["text"]
        assert lab.board.boots == 2
        proxy.close()


COMMANDS = {
    "/help": "commands: /factory-reset",
    "/pins": "2: 1",
    "/rules": "no rules",
    "/status": "uptime_s: ",
    "/wifi": "dBm",
    "/safe": "this is not safe mode",
    "/why 2": "pin 2 went to 1 at ",
    "/why lamp": "because of chat ",
    "/why nothing": "/why <pin>",
    "/why": "/why <pin>",
    "why did pin 2 turn on?": "pin 2 went to 1 at ",
    "Why is the lamp on": "for 3 micro-dollars (gpio_write",
    "why did pin 4 turn on?": "nothing that I know of touched pin 4",
    "/": "commands: ",
    "/nonsense": "commands: ",
    "/reboot": "only on the serial line",
    "/set ntp pool.ntp.org": "only on the serial line",
    "/factory-reset confirm": "only on the serial line",
}


def test_each_command_over_mqtt_and_on_the_serial_line() -> None:
    with Lab(proxy=False) as lab:
        proxy = ScriptedProxy(lab)
        remember = {"tool": "memory_set", "args": {"key": "lamp", "value": "gpio 2"}}
        proxy.script = lambda request: [
            final(request, say="done", calls=[on(2), remember], use={"ud": 3})
        ]
        assert lab.person.ask("turn on pin 2, that is the lamp")["ok"]
        asked = len(proxy.requests)
        for line, part in COMMANDS.items():
            assert part in lab.person.ask(line)["text"], line
        for line, part in COMMANDS.items():
            if "serial" not in part:
                seen = len(lab.board.serial.text)
                lab.board.serial.write(line.encode() + b"\r\n")
                lab.world.wait_for(
                    lambda seen=seen, part=part: part in lab.board.serial.text[seen:], 10, line
                )
        assert len(proxy.requests) == asked  # no model was needed
        # A chat cannot pass for the serial line, and a sentence typed there reaches the model.
        lab.person.publish(wire.CHAT, b'{"id":"serial","text":"/reboot"}')
        lab.person.answer_to("chat", 10)
        proxy.script = lambda request: [final(request, say="good evening")]
        lab.board.serial.write("guten Abend, Käfer\n".encode())
        lab.world.wait_for(lambda: "good evening" in lab.board.serial.text, 10, "the answer")
        assert proxy.requests[-1]["msgs"][-1] == {"u": "guten Abend, Käfer"}
        lab.board.serial.write(b"/reboot\n")
        lab.wait_online(hello=2)
        assert lab.board.boots == 2
        # The journal has outlived the restart.
        assert "went to 1" in lab.person.ask("why is pin 2 on")["text"]
        proxy.close()


def test_safe_mode_answers_over_mqtt_and_one_command_leaves_it() -> None:
    with Lab(proxy=False) as lab:
        lab.board.stop()
        lab.board.files.write("/data/boot", sealed([3, 0]))
        lab.board.start()
        lab.wait_online(hello=2)
        answer = lab.person.ask("turn on pin 2")
        assert "I am in safe mode: the last 3 starts failed" in answer["text"]
        assert "safe_mode: the last 3" in lab.person.ask("/status")["text"]
        assert lab.person.ask("/safe off")["text"] == "restarting"
        lab.wait_online(hello=3)
        assert lab.person.ask("/safe")["text"] == "this is not safe mode"


def test_calls_to_the_model_are_limited_over_restarts() -> None:
    limits = {"limits": {"calls_per_hour": 12, "calls_per_day": 20}}
    with Lab(proxy=False, settings=limits) as lab:
        proxy = ScriptedProxy(lab)
        proxy.script = lambda request: [final(request, say="yes")]
        refused = ""
        for number in range(13):
            answer = lab.person.ask("hello?")
            if not answer["ok"]:
                refused = answer["text"]
                break
            if number in (3, 7):
                hello = lab.hellos() + 1
                lab.board.reset()
                lab.wait_online(hello=hello)
        assert "12 model calls in one hour is the limit; next in " in refused
        assert 12 - 2 * 4 <= len(proxy.requests) <= 12
        lab.world.run(hours=1)  # the next hour has its own calls, until the day's are used up
        for _ in range(21):
            answer = lab.person.ask("hello?")
            if not answer["ok"]:
                break
        assert "is the limit" in answer["text"]
        assert len(proxy.requests) <= 20
        proxy.close()


def test_a_pin_is_switched_so_many_times_a_minute_and_no_more() -> None:
    rules = {
        "blink": {"when": {"every_s": 1}, "do": [{"tool": "gpio_toggle", "args": {"pin": 2}}]},
        "flicker": {
            "when": {"every_s": 1},
            "do": [{"tool": "gpio_toggle", "args": {"pin": 4}} for _ in range(4)],
        },
    }
    files = {"/data/rules": sealed({n: r | {"on": True} for n, r in rules.items()})}
    with Shelf(files) as shelf:
        shelf.run(seconds=601)
        assert 598 <= len(shelf.board.pin(2).history) <= 601
        assert 540 <= len(shelf.board.pin(4).history) <= 660
        assert "60 actions a minute on pin 4 is the limit" in shelf.enter("/why 4", seconds=1)
        # A blink each second is one line a minute, not sixty.
        assert len(shelf.board.files.read("/data/journal").splitlines()) <= 50


PIN_LIMIT = {"pin_per_minute": 10}
ON: Call = ("gpio_write", {"pin": 2, "value": 1})
OFF: Call = ("gpio_write", {"pin": 2, "value": 0})
OTHER: Call = ("gpio_write", {"pin": 4, "value": 1})
REFUSED = "10 actions a minute on pin 2 is the limit"
# calls of the first start, how it ends, calls of the second, the error of its last one
RESTARTS: dict[str, tuple[list[Call], str, list[Call], str]] = {
    "a reset": ([ON, OFF] * 5, "reset", [ON], REFUSED),
    "a reset with one action left": ([ON, OFF] * 4, "reset", [ON], ""),
    "a reset, for another pin": ([ON, OFF] * 5, "reset", [OTHER], ""),
    "a reset, to switch it off": ([ON, OFF] * 8, "reset", [OFF], ""),
    "a power cut, which empties the clock's memory": ([ON, OFF] * 5, "power cut", [ON], ""),
}


@pytest.mark.parametrize("first, end, second, error", RESTARTS.values(), ids=RESTARTS)
def test_the_limit_of_a_pin_lives_over(
    first: list[Call], end: str, second: list[Call], error: str
) -> None:
    with World() as world:
        board = OfflineBoard(world, first, {"limits": PIN_LIMIT}).start()
        if end == "reset":
            board.board.files.write("/calls.json", json.dumps(second).encode())
            board.board.reset()
            world.run(seconds=2)
        else:
            board.restart(second)
        assert board.board.boots == 2
        assert error in board.results[-1].get("error", "") and bool(error) == (
            "error" in board.results[-1]
        )


def thing(**options: Any) -> Call:
    return "device_set", {"name": "pump", "kind": "pump", "pin": 2, "options": options}


# calls, what the last one answers: nothing keeps a pin from going off
OFFS: dict[str, list[Call]] = {
    "beyond the limit of a minute": [ON] * 12 + [OFF],
    "by a toggle beyond the limit": [ON] * 12 + [("gpio_toggle", {"pin": 2})],
    "as PWM beyond the limit": [
        *[("pwm_write", {"pin": 2, "duty_pct": 50})] * 12,
        ("pwm_write", {"pin": 2, "duty_pct": 0}),
    ],
    "while it must stay off": [thing(min_off_s=600), OFF, ON, OFF],
    "while its rival is on": [
        thing(not_with="lamp") if n else ("device_set", {"name": "lamp", "kind": "lamp", "pin": 4})
        for n in range(2)
    ]
    + [OTHER, OFF],
}


@pytest.mark.parametrize("calls", OFFS.values(), ids=OFFS)
def test_a_pin_goes_off(calls: list[Call]) -> None:
    with World() as world:
        board = OfflineBoard(world, calls, {"limits": PIN_LIMIT}).start()
        assert "error" not in board.results[-1]
        assert not board.board.pin(2).value and board.board.pwm_on(2).duty_u16 == 0


def test_a_thing_rests_after_a_start_too() -> None:
    with World() as world:
        board = OfflineBoard(world, [thing(min_off_s=600, safe=0)]).start()
        board.restart([ON])
        assert "pump stays off for another 60" in board.results[-1]["error"]
        world.run(minutes=10)
        board.board.files.write("/calls.json", b"[]")
        assert board.board.pin(2).value == 0


def test_what_is_on_when_its_longest_time_is_set_goes_off() -> None:
    with World() as world:
        board = OfflineBoard(world, [ON, thing(max_on_s=20)]).start()
        world.run(minutes=1)
        assert board.levels(2) == [(0, 1), (20, 0)]
