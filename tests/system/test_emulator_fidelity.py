"""What the emulated board answers, next to what a real ESP32 build (v1.23.0) answered."""

import pytest

from tests.system.emulator_kit import printed

# expression -> its repr, or the exception's name and text. Recorded from the chip's own build.
CHIP = {
    "os.getcwd()": "'/'",
    "os.stat('/')": "(16384, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
    "len(machine.unique_id())": "6",
    "time.gmtime(0)": "(2000, 1, 1, 0, 0, 0, 5, 1)",
    "time.ticks_add(0, -1)": "1073741823",
    "type(time.time())": "<class 'int'>",
    "os.remove('/nope')": "OSError [Errno 2] ENOENT",
    "os.rename('/nope', '/x')": "OSError [Errno 2] ENOENT",
    "__import__('nope')": "ImportError no module named 'nope'",
    "[0] * 10000000": "MemoryError memory allocation failed, allocating 40000000 bytes",
    "None.x": "AttributeError 'NoneType' object has no attribute 'x'",
    "json.loads('NaN')": "ValueError syntax error in JSON",
    "Pin(2)": "Pin(2)",
    "Pin(-1)": "ValueError invalid pin",
    "Pin(7, Pin.OUT)": "Pin(7)",
    "Pin(34, Pin.IN, Pin.PULL_UP)": "Pin(34)",
    "Pin(28)": "ValueError invalid pin",
    "Pin(2, Pin.OUT)(1)": "None",
    "Pin(2).value(5)": "None",
    "Pin(2).mode()": "AttributeError 'Pin' object has no attribute 'mode'",
    "Pin(2).irq(trigger=99)": "<IRQ>",
    "Pin(4) is Pin(4)": "True",
    "ADC(Pin(2))": "ADC(Pin(2), atten=0)",
    "ADC(99)": "ValueError invalid pin",
    "PWM(Pin(2)).freq(0)": "ValueError frequency must be from 1Hz to 40MHz",
    "PWM(Pin(2)).duty_u16(70000)": "ValueError duty_u16 must be from 0 to 65535",
    "I2C(5)": "ValueError I2C(5) doesn't exist",
    "SoftI2C(scl=Pin(22), sda=Pin(21)).readfrom(0x76, 1)": "OSError [Errno 116] ETIMEDOUT",
    "Timer(0)": "Timer(0, mode=ONE_SHOT, period=0)",
    "Timer(0).deinit()": "None",
    "network.WLAN(9)": "ValueError invalid WLAN interface identifier",
    "network.WLAN(network.STA_IF).isconnected()": "False",
    "network.WLAN(network.STA_IF).status()": "1000",
    "network.hostname()": "'mpy-esp32'",
    "socket.socket().recv(1)": "OSError [Errno 128] ENOTCONN",
    "socket.socket().setsockopt(6, 1, 1)": "None",
    "asyncio.run(5)": "TypeError coroutine expected",
    "asyncio.run(asyncio.wait_for(asyncio.Event().wait(), 0.01))": "TimeoutError ",
    "asyncio.current_task()": "RuntimeError no running event loop",
    "micropython.alloc_emergency_exception_buf(100)": "None",
    "gc.threshold()": "-1",
    "time.sleep('x')": "TypeError can't convert str to float",
}
ERRNO = {
    **{"EPERM": 1, "ENOENT": 2, "EIO": 5, "EBADF": 9, "EAGAIN": 11, "ENOMEM": 12, "EACCES": 13},
    **{"EEXIST": 17, "ENODEV": 19, "EISDIR": 21, "EINVAL": 22, "EOPNOTSUPP": 95},
    **{"ECONNRESET": 104, "ENOBUFS": 105, "ECONNREFUSED": 111, "EADDRINUSE": 112},
    **{"ECONNABORTED": 113, "ETIMEDOUT": 116, "EHOSTUNREACH": 118, "EINPROGRESS": 119},
    **{"EALREADY": 120, "ENOTCONN": 128},
}
_PROGRAM = """
    import sys, os, time, json, machine, network, socket, select, asyncio, errno, gc, micropython
    from machine import *
    try:
        value = {expression}
        text = repr(value)
    except Exception as e:
        text = type(e).__name__ + " " + str(e)
    print(text)
    """


@pytest.mark.parametrize(("expression", "answer"), CHIP.items(), ids=CHIP)
def test_the_board_answers_like_the_chip(expression: str, answer: str):
    assert printed(_PROGRAM.replace("{expression}", expression)) == answer + "\n"


def test_error_numbers_and_their_names_are_the_chips():
    text = printed(
        """
        import errno
        for name in dir(errno):
            if name[0] == "E":
                number = getattr(errno, name)
                print(name, number, errno.errorcode[number], OSError(number))
        """
    )
    assert sorted(text.splitlines()) == sorted(
        f"{name} {number} {name} [Errno {number}] {name}" for name, number in ERRNO.items()
    )


def test_what_is_not_emulated_says_so():
    lines = printed(
        """
        import esp32, machine
        for use in (lambda: machine.UART(1), lambda: esp32.NVS("x"), lambda: machine.SPI(1)):
            try:
                use()
            except NotImplementedError as e:
                print(e)
        """
    ).splitlines()
    assert lines == [
        "machine.UART is not emulated",
        "esp32.NVS is not emulated",
        "machine.SPI is not emulated",
    ]


def test_the_heap_adds_up_to_a_chips():
    assert printed("import gc\ngc.collect()\nprint(gc.mem_alloc() + gc.mem_free())") == "128064\n"
