# ruff: noqa: F821  (the build puts in what is not defined here)
# Puts the shims where the chip has C modules, then runs boot.py and main.py as the chip does.
import gc
import sys

from _port import port

_trace = open("\x01trace", "wb")  # now: the program may take the file system away

_SHIMS = ("gc", "micropython", "time", "os", "select", "machine", "network", "socket", "esp32")
_SHIMS += ("hashlib", "vfs", "sys")
_ALIASES = ("time", "os", "select", "machine", "socket", "hashlib")


def prepare():
    loaded = {}
    for name in _SHIMS:
        loaded[name] = __import__("_" + name + "_esp32")
    for name in _SHIMS:
        sys.modules[name] = loaded[name]
        loaded[name].__name__ = name
        del loaded[name].__file__
        del sys.modules["_" + name + "_esp32"]
    for name in _ALIASES:
        sys.modules["u" + name] = loaded[name]


def _exit_code(error):
    value = error.args[0] if error.args else None
    if value is None:
        return 0
    if isinstance(value, int):
        return int(value) & 0xFF
    print(value)
    return 1


def _run(name, stat, main_globals):
    try:
        stat(name)
    except OSError:
        return
    try:
        execfile(name, main_globals)
    except SystemExit as error:
        code = _exit_code(error)
        if not port(0, OP_REPL):
            port(code, OP_EXIT)
    except BaseException as error:
        sys.print_exception(error, _trace)
        if not port(0, OP_REPL):
            port(1, OP_EXIT)


def _attend(main_globals):
    # boot.py and main.py, then the prompt if someone sits at the serial line.
    kbd = KeyboardInterrupt()
    port(id(kbd), OP_INTERRUPT_ERROR)
    kbd_intr, stat = sys.modules["micropython"].kbd_intr, sys.modules["os"].stat  # may be cleared
    kbd_intr(3)
    _run("boot.py", stat, main_globals)
    if port(0, OP_REPL) < 2:  # at a raw prompt a soft reset leaves main.py out
        _run("main.py", stat, main_globals)
    kbd_intr(-1)
    if port(0, OP_REPL):
        import _repl

        _repl.run(main_globals)


def go(main_globals):
    prepare()
    main_globals.clear()
    main_globals["__name__"] = "__main__"
    gc.collect()
    port(gc.mem_alloc(), OP_BOOTED)
    _attend(main_globals)
    port(0, OP_EXIT)
