"""What the firmware says to people, taken out of its bytecode: rarely needed, and long.

A text becomes `said(place)`, which reads it from words.txt beside the module: when it is said, or
as the module is imported if it stands in no function. place is where it begins there, times 256,
plus its length.
"""

import ast
from collections.abc import Iterator, Mapping

TABLE = "words.txt"
_HOME, _READER = "tools", "said"  # the module that has the function, and its name
_SHORTEST = 12  # letters; a call takes seven bytes
_LONGEST = 255
_IMPORT_BYTES = 28
_AROUND = 3 - 7  # bytes: what a text costs beside its letters, and what the call does

Texts = Mapping[str, int]  # text -> place


def collected(sources: Mapping[str, str]) -> tuple[Texts, str]:
    """Return the texts of {module: source} that go, and the table with them."""
    texts: dict[str, int] = {}
    table = ""
    if _HOME not in sources or f"def {_READER}(" not in sources[_HOME]:
        return texts, table
    for module, source in sorted(sources.items()):
        found = [node.value for node in _texts(ast.parse(source))]
        saved = sum(len(str(text)) + _AROUND for text in set(found))
        if saved < (0 if module == _HOME else _IMPORT_BYTES):
            continue
        for text in map(str, found):
            if text not in texts:
                texts[text] = len(table) * 256 + len(text)
                table += text
    return texts, table


def taken_out(module: str, source: str, texts: Texts) -> str:
    """Return a source that reads its texts from the table, line for line."""
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    changed = False
    if not texts:
        return source
    for node in sorted(_texts(tree), key=lambda n: (n.lineno, n.col_offset), reverse=True):
        place = texts.get(str(node.value))
        if place is None or node.end_lineno is None or node.end_col_offset is None:
            continue
        changed = True
        first, last = lines[node.lineno - 1], lines[node.end_lineno - 1]
        call = f"{first[: node.col_offset]}{_READER}({place})"
        if node.lineno == node.end_lineno:
            lines[node.lineno - 1] = call + first[node.end_col_offset :]
        else:  # within brackets, so that a line may end anywhere
            lines[node.lineno - 1] = call + "\n"
            for line in range(node.lineno, node.end_lineno - 1):
                lines[line] = "\n"
            lines[node.end_lineno - 1] = last[node.end_col_offset :]
    if changed and module != _HOME:
        _import(tree, lines)
    return "".join(lines)


def _import(tree: ast.Module, lines: list[str]) -> None:
    """Have a module take the function over, in a line that it has."""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    one_line = [node for node in imports if node.lineno == node.end_lineno]
    for node in one_line:
        if isinstance(node, ast.ImportFrom) and node.module == f"firmware.{_HOME}":
            lines[node.lineno - 1] = lines[node.lineno - 1].rstrip() + f", {_READER}\n"
            return
    at = one_line[0].lineno - 1
    code, hash_sign, comment = lines[at].rstrip("\n").partition("#")
    lines[at] = f"{code.rstrip()}; from firmware.{_HOME} import {_READER}  {hash_sign}{comment}\n"


def _texts(tree: ast.Module) -> Iterator[ast.Constant]:
    """Yield each text that is said, but no docstring, nor one to compare or to fold."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Constant(str()) if _goes(str(node.value)):
                yield node
            case ast.Compare() | ast.Expr(ast.Constant()) | ast.Call(ast.Name("const")):
                pass
            case ast.If(ast.Name("__debug__")):
                pass  # in no bytecode
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                waiting += node.body
            case ast.Lambda():
                waiting.append(node.body)
            case _:
                waiting += ast.iter_child_nodes(node)


def _goes(text: str) -> bool:
    return " " in text and text.isascii() and _SHORTEST <= len(text) <= _LONGEST
