# ruff: noqa: F821  (the build puts in what is not defined here)
# The prompt on the serial line: friendly and raw, with raw paste, as in MicroPython's reference.
import io
import sys

from _port import port
from _readline import Reader, goes_on

_CTRL_A = const(1)  # raw
_CTRL_B = const(2)  # friendly
_CTRL_C = const(3)
_CTRL_D = const(4)  # run, or soft reset
_CTRL_E = const(5)  # paste
_FRIENDLY = const(1)
_RAW = const(2)
_SOFT_RESET = const(5)
_WINDOW = const(1024)  # bytes a host may paste ahead
_NOT_SHOWN = (
    "_repl",
    "_boot",
    "_port",
    "_readline",
    "_onewire",
    "_lfs2",
    "_machine_bus",
)  # C on the chip

_put = sys.stdout.write


class _InputEnded(Exception):
    pass


def _get():
    data = sys.stdin.buffer.read(1)
    if not data:
        raise _InputEnded
    return data[0]


def _report(error):
    text = io.StringIO()
    sys.print_exception(error, text)
    for line in text.getvalue().split("\n")[:-1]:
        name = line[8:].split('"')[0][:-3] if line.startswith('  File "') else ""
        if not (name in _NOT_SHOWN or name.startswith("_") and name.endswith("_esp32")):
            _put(line + "\r\n")


def _soft_reset():
    _put("MPY: soft reboot\r\n")
    port(_SOFT_RESET, OP_RESET)


def _execute(source, mode, main_globals, end=""):
    # Runs it, prints `end`, then what it raised. SystemExit restarts, as at the chip's prompt.
    raised = None
    try:
        try:
            port(_CTRL_C + 1, OP_INTERRUPT_CHAR)
            if isinstance(source, bytearray):
                source = bytes(source)
            exec(compile(source, "<stdin>", mode), main_globals)
        finally:
            port(0, OP_INTERRUPT_CHAR)
    except BaseException as error:
        raised = error
    _put(end)
    if isinstance(raised, SystemExit):
        _put(end)
        _soft_reset()
    if raised is not None:
        _report(raised)
    _put(end)


# -- raw ----------------------------------------------------------------------------------------


def _paste():
    # Takes a program in windows, so that no byte is lost however fast the host sends.
    _put("R\x01" + chr(_WINDOW & 0x7F) + chr(_WINDOW >> 8) + "\x01")
    source = bytearray()
    while True:
        byte = _get()
        if byte == _CTRL_C:
            _put("\x04")
            return None
        if byte == _CTRL_D:
            _put("\x04")
            return source
        source.append(byte)
        if len(source) % _WINDOW == 0:
            _put("\x01")


def _raw(main_globals):
    # Returns when the host wants the friendly prompt.
    greeting = "raw REPL; CTRL-B to exit\r\n"
    while True:
        _put(greeting + ">")
        greeting = ""
        source = bytearray()
        while True:
            byte = _get()
            if byte == _CTRL_A:
                if len(source) != 2 or source[0] != _CTRL_E:
                    greeting = "raw REPL; CTRL-B to exit\r\n"
                elif source[1] == 65:
                    source = _paste()
                    if source is not None:
                        _execute(source, "exec", main_globals, "\x04")
                else:
                    _put("R\x00")  # an unknown way to paste
                break
            elif byte == _CTRL_B:
                _put("\r\n")
                return
            elif byte == _CTRL_C:
                source = bytearray()
            elif byte == _CTRL_D:
                _put("OK")
                if not source:
                    _put("\r\n")
                    port(_RAW, OP_REPL_SET)
                    _soft_reset()
                _execute(source, "exec", main_globals, "\x04")
                break
            else:
                source.append(byte)


# -- friendly -----------------------------------------------------------------------------------


def _paste_mode(main_globals):
    _put("\r\npaste mode; Ctrl-C to cancel, Ctrl-D to finish\r\n=== ")
    source = bytearray()
    while True:
        byte = _get()
        if byte == _CTRL_C:
            _put("\r\n")
            return
        if byte == _CTRL_D:
            _put("\r\n")
            _execute(source, "exec", main_globals)
            return
        source.append(10 if byte == 13 else byte)
        _put("\r\n=== " if byte == 13 else bytes((byte,)))


def _greet():
    version = sys.version.split("MicroPython ")[-1]
    _put("MicroPython %s; %s\r\n" % (version, sys.implementation._machine))
    _put('Type "help()" for more information.\r\n')


def _friendly(main_globals):
    # Returns when the host wants the raw prompt.
    _greet()
    while True:
        reader = Reader(_get, main_globals)
        ended = reader.read(sys.ps1)
        if ended is None:
            while ended not in (_CTRL_C, _CTRL_D) and goes_on(reader.text):
                reader.text += "\n"
                ended = reader.read(sys.ps2)
            if ended == _CTRL_C:
                _put("\r\n")
            elif reader.text:
                _execute(reader.text + "\n", "single", main_globals)
        elif ended == _CTRL_A:
            _put("\r\n")
            return
        elif ended == _CTRL_B:
            _put("\r\n")
            _greet()
        elif ended == _CTRL_D:
            _put("\r\n")
            port(_FRIENDLY, OP_REPL_SET)
            _soft_reset()
        elif ended == _CTRL_E:
            _paste_mode(main_globals)
        else:
            _put("\r\n")


def run(main_globals):
    """Serve the prompt until the input ends."""
    mode = port(0, OP_REPL)
    try:
        while True:
            if mode == _RAW:
                _raw(main_globals)
            else:
                _friendly(main_globals)
            mode = _RAW + _FRIENDLY - mode
    except _InputEnded:
        pass
