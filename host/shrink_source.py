"""One source of the firmware as `shrink.py` sees it: its scopes, and where its names stand."""

# ruff: noqa: D102  (a visitor's name says what it visits)

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# Where the firmware may look a name up: (module, function, second argument).
_LOOK_UPS = {
    ("tools", "getattr", "name"),  # of a tool
    ("tools", "hasattr", "'send'"),  # of a coroutine
    ("tools", "delattr", "name"),  # of a module
    ("tool_bus", "getattr", "model.upper()"),  # of the chip's dht
    ("link", "hasattr", "'psk_key'"),  # of the chip's tls
}
_REFLECTION = frozenset(
    (
        "getattr",
        "setattr",
        "hasattr",
        "delattr",
        "globals",
        "locals",
        "vars",
        "eval",
        "exec",
        "dir",
    )
)

Place = tuple[int, int]  # line from 1, byte within it from 0


class ShrinkError(Exception):
    """A source that cannot be given short names; the text says where and why."""


@dataclass
class Scope:
    """A module, a class or a function, and the names that it binds. where: of arguments."""

    kind: str
    parent: "Scope | None" = None
    bound: set[str] = field(default_factory=set[str])
    imported: set[str] = field(default_factory=set[str])
    ours: set[str] = field(default_factory=set[str])  # in a function: what else gets a short name
    pinned: set[str] = field(default_factory=set[str])  # bound where no place of it is known
    arguments: dict[str, Place] = field(default_factory=dict[str, Place])
    fixed: frozenset[str] = frozenset()
    inner: "list[Scope]" = field(default_factory=list["Scope"])
    uses: list[tuple[str, Place]] = field(default_factory=list[tuple[str, Place]])

    def find(self, name: str) -> "Scope | None":
        """Return the scope that a name within this one means, None for a builtin."""
        scope: Scope | None = self
        while scope and not (name in scope.bound and (scope is self or scope.kind != "class")):
            scope = scope.parent
        return scope

    def gives_away(self, name: str) -> bool:
        """Return whether what the name means in this scope can be named from outside."""
        if name in self.arguments or name in self.imported:
            return False
        return self.kind != "function" or name in self.ours

    def below(self) -> "Iterator[Scope]":
        """Yield this scope and all within it."""
        yield self
        for scope in self.inner:
            yield from scope.below()


class Source(ast.NodeVisitor):
    """One source, read. Raises ShrinkError for what cannot be renamed safely.

    own: names that it defines for others too. foreign: what it takes from modules that are not
    ours. attributes, imports: names and where they stand; imports are of our modules.
    """

    def __init__(self, module: str, text: str, words: frozenset[str]) -> None:
        self.module = module
        self.words = words  # of the tools' table
        self.strict = module != "main"  # which may come from outside, and does as it likes
        self.scope = self.top = Scope("module")
        self.attributes: list[tuple[str, Place]] = []
        self.own: set[str] = set()  # what the source itself defines, so that others may name it
        self.foreign: set[str] = set()  # what it takes from modules that are not ours
        self.keywords: set[str] = set()
        self.strings: set[str] = set()
        self.imports: list[tuple[str, Place]] = []  # names taken from our modules
        self._names = [
            (token.start, token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.NAME
        ]
        if not text.isascii():
            raise ShrinkError(f"{module}: a character beyond ASCII")
        self.visit(ast.parse(text))

    def mentions(self) -> set[str]:
        """Return the names in it that could be short ones."""
        names = {name for name, _ in (*self.attributes, *self.imports)}
        for scope in self.top.below():
            for name, _ in scope.uses:
                owner = scope.find(name)
                if owner and owner.gives_away(name):
                    names.add(name)
        return names

    def refuse(self, node: ast.AST, why: str) -> ShrinkError:
        """Return the error for a part of the source."""
        return ShrinkError(f"{self.module}.py, line {getattr(node, 'lineno', '?')}: {why}")

    def visit_Global(self, node: ast.Global) -> None:
        raise self.refuse(node, "global")

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        raise self.refuse(node, "an f-string")

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        for name in node.names:
            scope = self.scope.parent.find(name) if self.scope.parent else None
            if not scope or name in scope.arguments:
                raise self.refuse(node, "nonlocal that is an argument")

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.asname or alias.name.split(".")[0], True)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        ours = (node.module or "").startswith("firmware.")
        for alias in node.names:
            if alias.name == "*":
                raise self.refuse(node, "import *")
            if ours:
                self.imports.append((alias.name, (alias.lineno, alias.col_offset)))
            if ours and not alias.asname:
                self.scope.bound.add(alias.name)
                self.scope.ours.add(alias.name)
            else:
                self._import(alias.asname or alias.name, node.module != "firmware" and not ours)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        if node.decorator_list or node.keywords:
            raise self.refuse(node, "a class with a decorator or keywords")
        self._define(node)
        for base in node.bases:
            self.visit(base)
        self._within("class", node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.decorator_list:
            raise self.refuse(node, "a decorator")
        self._define(node)
        self._function(node, node.name in self.words and self.scope is self.top)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._function(node, False)

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> None:
        self._comprehension(node.generators, [node.elt])

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def visit_Assign(self, node: ast.Assign) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            target = node.targets[0]
            if call.func.id == "const" and isinstance(target, ast.Name):
                self.foreign.add(target.id)  # the compiler knows it by its underscore
        self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self._bind(node.id)
        self.scope.uses.append((node.id, (node.lineno, node.col_offset)))

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name)
            if self.scope.kind != "function":
                self.foreign.add(node.name)
            self.scope.pinned.add(node.name)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if isinstance(node.value, ast.Name):
            if node.value.id == "self" and isinstance(node.ctx, ast.Store):
                self.own.add(node.attr)
            elif node.value.id in self.foreign:
                self.foreign.add(node.attr)
        line, end = node.end_lineno, node.end_col_offset
        assert line is not None and end is not None
        self.attributes.append((node.attr, (line, end - len(node.attr))))

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in _REFLECTION and self.strict:
            looked_up = ast.unparse(node.args[1]) if node.args[1:] else ""
            if (self.module, node.func.id, looked_up) not in _LOOK_UPS:
                raise self.refuse(node, f"{node.func.id}: say in shrink.py what it looks up")
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg:
            self.keywords.add(node.arg)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.strings.add(node.value)

    def _import(self, name: str, foreign: bool) -> None:
        self.scope.bound.add(name)
        self.scope.pinned.add(name)
        self.scope.imported.add(name)
        if foreign:
            self.foreign.add(name)

    def _bind(self, name: str) -> None:
        self.scope.bound.add(name)
        if self.scope.kind != "function":
            self.own.add(name)

    def _define(self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        place = min(
            at for at, name in self._names if at >= self._start(node) and name == node.name
        )
        self.scope.bound.add(node.name)
        self.scope.ours.add(node.name)
        self.own.add(node.name)
        self.scope.uses.append((node.name, place))

    @staticmethod
    def _start(node: ast.stmt) -> Place:
        return node.lineno, node.col_offset + 3  # after "def", so that def is no name

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, is_tool: bool
    ) -> None:
        arguments = node.args
        for default in (*arguments.defaults, *filter(None, arguments.kw_defaults)):
            self.visit(default)
        within = Scope("function", self.scope)
        within.fixed = self.words if is_tool else frozenset()
        self.scope.inner.append(within)
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        for one in filter(None, (*every, arguments.vararg, arguments.kwarg)):
            within.bound.add(one.arg)
            within.arguments[one.arg] = (one.lineno, one.col_offset)
        outer, self.scope = self.scope, within
        for part in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(part)
        self.scope = outer

    def _comprehension(self, parts: list[ast.comprehension], made: list[ast.expr]) -> None:
        self.visit(parts[0].iter)
        within = Scope("function", self.scope)
        self.scope.inner.append(within)
        outer, self.scope = self.scope, within
        for part in parts:
            self.visit(part.target)
            for other in (*part.ifs, *(() if part is parts[0] else (part.iter,))):
                self.visit(other)
        for part in made:
            self.visit(part)
        self.scope = outer

    def _within(self, kind: str, body: Iterable[ast.stmt]) -> None:
        outer = self.scope
        self.scope = Scope(kind, outer)
        outer.inner.append(self.scope)
        for part in body:
            self.visit(part)
        self.scope = outer
