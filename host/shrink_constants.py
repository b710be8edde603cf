"""Constants of the firmware's modules, put where they are used: the compiler folds what it sees.

`MAX_IN = 3072` becomes `_MAX_IN = const(3072)`, which takes no room, and `wire.MAX_IN` becomes
3072. So does text. What is taken over by name ("from firmware.wire import MAX_IN") stays.
"""

import ast
from collections.abc import Iterator, Mapping

Constants = Mapping[str, Mapping[str, str]]  # module -> name -> its literal
Change = tuple[int, int, int, str]  # line from 1, bytes from and to within it, what comes there


def constants(sources: Mapping[str, str]) -> Constants:
    """Return what can be put in its place, of {module: text}: capitals, assigned once."""
    trees = {module: ast.parse(text) for module, text in sources.items()}
    by_name = {
        (node.module or "").removeprefix("firmware.") + "." + alias.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    found: dict[str, dict[str, str]] = {}
    for module, tree in trees.items():
        bound = [name for name in _bound(tree)]
        found[module] = {
            name.id: ast.unparse(value)
            for name, value in _assignments(tree)
            if bound.count(name.id) == 1 and f"{module}.{name.id}" not in by_name
        }
    return {module: names for module, names in found.items() if names}


def inlined(module: str, text: str, known: Constants) -> str:
    """Return a source with constants in the places of their names, line for line."""
    tree = ast.parse(text)
    imported = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "firmware"
        for alias in node.names
    }
    bound = set(_bound(tree))
    own = known.get(module, {})
    changes: list[Change] = []
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(of), name) if of in imported and of not in bound:
                literal = known.get(imported[of], {}).get(name)
                if literal:
                    changes.append(_at(node, literal))
            case ast.Name(name) if name in own:
                changes.append(_at(node, f"_{name}"))
            case _:
                pass
    for name, value in _assignments(tree):
        if name.id in own:
            changes.append(_at(value, f"const({own[name.id]})"))
    lines = text.splitlines(keepends=True)
    for line, start, end, new in sorted(changes, reverse=True):
        row = lines[line - 1]
        lines[line - 1] = row[:start] + new + row[end:]
    return "".join(lines)


def _assignments(tree: ast.Module) -> Iterator[tuple[ast.Name, ast.expr]]:
    """Yield what a module assigns as a constant, a number or text on one line."""
    for node in tree.body:
        match node:
            case ast.Assign([ast.Name(id=name) as target], ast.Constant(int() | str()) as value):
                if name.isupper() and name[0] != "_" and value.lineno == value.end_lineno:
                    yield target, value
            case _:
                pass


def _bound(tree: ast.Module) -> Iterator[str]:
    """Yield each name that is assigned or an argument, as often as it is."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(name, ast.Store() | ast.Del()) | ast.arg(name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield name
            case _:
                pass


def _at(node: ast.expr, new: str) -> Change:
    assert node.end_lineno == node.lineno and node.end_col_offset is not None
    return node.lineno, node.col_offset, node.end_col_offset, new
