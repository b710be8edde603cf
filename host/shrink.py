"""Short names for what ships: each name costs a module its length and two bytes.

Attributes, methods, functions, classes and globals of the firmware's own get one short name in all
of its files, and arguments one that bytecode knows already. Names are replaced in place, so lines
stay what they were, and `Names.words` makes a traceback readable again.

What is not proven to be ours keeps its name: what the VM, its modules or asyncio know of (they are
looked through), modules, tools and their arguments, which models name, keywords, and constants
that the compiler folds away.
"""

import ast
import hashlib
import json
import re
import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from host.emulator import asyncio_source
from host.emulator.vm_module import published_wasm
from host.shrink_constants import Constants, constants, inlined
from host.shrink_source import Place, Scope, ShrinkError, Source
from host.shrink_texts import Texts, collected, taken_out

_SHIMS = Path(__file__).parent / "emulator" / "shims"
_WORD = re.compile(r"[A-Za-z_]\w*")
# Names that each .mpy may use for a byte or two, as the VM's own table begins with them. Ours get
# those that none of our files and no duck of asyncio's uses; arguments get the others.
_FREE = (
    *("popitem", "rindex", "rfind", "isupper", "islower", "isspace", "isalpha", "reverse"),
    *("rsplit", "bytecode", "little", "abs", "builtins", "callable", "chr", "divmod", "endswith"),
    *("extend", "format", "from_bytes", "issubclass", "ord", "iter"),
)
_ARGUMENTS = (
    *("args", "end", "key", "sep", "value", "find", "get", "items", "keys", "values", "copy"),
    *("count", "index", "insert", "sort"),
)
_FREE_COST = 2  # bytes
_STARTS = string.ascii_letters + "_"


@dataclass(frozen=True)
class Names:
    """The short names of one release.

    texts, table: see shrink_texts. short: of names. files: module -> what tracebacks show.
    """

    texts: Texts
    table: str
    constants: Constants
    short: Mapping[str, str]
    files: Mapping[str, str]
    words_of_tools: frozenset[str]
    keywords: frozenset[str]

    @classmethod
    def of(cls, sources: Mapping[str, str], kept: str, table: str) -> "Names":
        """Return the names for {module: text}, the same for the same sources.

        kept: a source that uses these modules and stays as it is. table: of the tools. Raises
        ShrinkError for what cannot be shortened safely.
        """
        words = frozenset(_WORD.findall(table))
        texts, said = collected(sources)
        sources = {module: taken_out(module, text, texts) for module, text in sources.items()}
        known = constants(sources)
        sources = {module: inlined(module, text, known) for module, text in sources.items()}
        readers = [Source(module, text, words) for module, text in sources.items()]
        stays = Source("main", kept, words)
        taken = words.union(*(_words(text) for text in sources.values()), _words(kept))
        tools = {json.loads(line.split(" ", 2)[2])[0] for line in table.splitlines()}
        foreign = tools.union(_words(kept), *(reader.foreign for reader in readers))
        uses: dict[str, list[Source]] = defaultdict(list)
        for reader in readers:
            for name in reader.mentions() & set().union(*(r.own for r in readers)):
                uses[name].append(reader)
        order = sorted(uses, key=lambda name: (-len(uses[name]), name))
        free = [word for word in _FREE if word not in taken]
        other = [word for word in _short_words() if word not in taken]
        short: dict[str, str] = {}
        for name in order:
            if name.startswith("__") or name in foreign or _is_known(name):
                continue
            saved = sum(len(name) + 2 for reader in uses[name] if name not in reader.strings)
            if free and saved > _FREE_COST * len(uses[name]):
                short[name] = free.pop(0)
            elif saved > (len(other[0]) + 2) * len(uses[name]):
                short[name] = other.pop(0)
        files: dict[str, str] = {}
        for module in sorted(sources):
            letters = (c for c in module + string.ascii_letters if c not in files.values())
            files[module] = next(letters)
        keywords = stays.keywords.union(*(reader.keywords for reader in readers))
        return cls(texts, said, known, short, files, words, frozenset(keywords))

    @classmethod
    def from_json(cls, text: str) -> "Names":
        """Return what `to_json` gave."""
        kept = json.loads(text)
        words, keywords = frozenset(kept["words_of_tools"]), frozenset(kept["keywords"])
        return cls(
            kept["texts"],
            kept["table"],
            kept["constants"],
            kept["short"],
            kept["files"],
            words,
            keywords,
        )

    def to_json(self) -> str:
        """Return all of it as text, the same for the same names."""
        kept = {
            "texts": self.texts,
            "table": self.table,
            "constants": self.constants,
            "short": self.short,
            "files": self.files,
            "words_of_tools": sorted(self.words_of_tools),
            "keywords": sorted(self.keywords),
        }
        return json.dumps(kept, indent=1)

    def shrink(self, module: str, text: str) -> str:
        """Return a source with short names, line for line. It may be one that uses our modules."""
        text = inlined(module, taken_out(module, text, self.texts), self.constants)
        reader = Source(module, text, self.words_of_tools)
        edits = [(place, name) for name, place in (*reader.attributes, *reader.imports)]
        changes = [(place, name, self.short[name]) for place, name in edits if name in self.short]
        arguments: dict[int, dict[str, str]] = {}
        for scope in reader.top.below():
            arguments[id(scope)] = given = self._arguments(scope, arguments)
            changes += [(scope.arguments[name], name, new) for name, new in given.items()]
            for name, place in scope.uses:
                owner = scope.find(name)
                if not owner:
                    continue
                new = arguments[id(owner)].get(name)
                if owner.gives_away(name):
                    new = self.short.get(name)
                if new:
                    changes.append((place, name, new))
        short = _replaced(module, text, changes)
        return _from_beside(short) if module in self.files else short

    def _arguments(self, scope: Scope, before: Mapping[int, dict[str, str]]) -> dict[str, str]:
        """Return the new names of a function's arguments; before: those of the ones around it."""
        used: set[str] = set()
        for one in scope.below():
            used |= one.bound.union(name for name, _ in one.uses)
        outer = scope.parent
        while outer:
            used |= outer.bound | set(before[id(outer)].values())
            outer = outer.parent
        free = iter([word for word in _ARGUMENTS if word not in used])
        kept = scope.fixed | scope.pinned | self.keywords | {"self", *_ARGUMENTS, *_FREE}
        names = [name for name in scope.arguments if name not in kept]
        return dict(zip(names, free, strict=False))

    def words(self, row: str) -> str:
        """Return a row of a traceback with the names that the source has."""
        long = {new: name for name, new in self.short.items()}
        modules = {new: f"{module}.py" for module, new in self.files.items()}
        found = re.match(r'(\s*File ")(\w+)(".*?)(?:(, in )(\S+))?$', row)
        if found:
            start, file, middle, within, name = found.groups()
            name = long.get(name, name) if name else ""
            return f"{start}{modules.get(file, file)}{middle}{within or ''}{name}"
        found = re.match(r"(\w+)(: .*)?$", row)
        if found and (found[1] in long or found[1].endswith(("Error", "Exception"))):
            rest = re.sub(r"'(\w+)'", lambda m: f"'{long.get(m[1], m[1])}'", found[2] or "")
            return long.get(found[1], found[1]) + rest
        return row


@cache
def version() -> str:
    """Return what changes when this module gives other names to the same sources."""
    own = (path.read_text() for path in sorted(Path(__file__).parent.glob("shrink*.py")))
    parts = (*own, *_around())
    return hashlib.sha256(published_wasm() + "".join(parts).encode()).hexdigest()


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text))


def _short_words() -> Iterator[str]:
    yield from _STARTS
    for first in _STARTS:
        for second in _STARTS + string.digits:
            yield first + second


def _around() -> list[str]:
    """Return what is written in Python around the VM."""
    shims = [path.read_text() for path in sorted(_SHIMS.glob("*.py"))]
    return [*shims, *asyncio_source.sources().values()]


@cache
def _known() -> tuple[bytes, frozenset[str]]:
    """Return the VM, and all names in what is written in Python around it."""
    names: set[str] = set()
    for text in _around():
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                    names.add(name)
                case ast.ClassDef(name=name) | ast.Attribute(attr=name):
                    names.add(name)
                case ast.alias(name=name):
                    names.update(name.split("."))
                case _:
                    pass
            if isinstance(node, ast.Module | ast.ClassDef):
                names.update(_assigned(node.body))
    return published_wasm(), frozenset(names)


def _assigned(body: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield the names that statements assign, those in other blocks too, but not in functions."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            waiting.extend(ast.iter_child_nodes(node))


def _is_known(name: str) -> bool:
    """Return whether the VM, a chip's module or asyncio may mean something by a name."""
    vm, names = _known()
    return name in names or name.encode() + b"\0" in vm


def _replaced(module: str, text: str, changes: Iterable[tuple[Place, str, str]]) -> str:
    """Return the text with names replaced; its shape is compared with what it was."""
    lines = text.splitlines(keepends=True)
    for (line, at), old, new in sorted(changes, reverse=True):
        row = lines[line - 1]
        if row[at : at + len(old)] != old:
            raise ShrinkError(f"{module}.py, line {line}: {old} is not at {at}")
        lines[line - 1] = row[:at] + new + row[at + len(old) :]
    made = "".join(lines)
    if _shape(made) != _shape(text):
        raise ShrinkError(f"{module}.py: what it means has changed")
    return made


def _from_beside(text: str) -> str:
    """Return a source of the package that names it by a dot where it imports from it."""
    lines = text.splitlines(keepends=True)
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    for node in sorted(imports, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        package, dot, _ = (node.module or "").partition(".")
        if package == "firmware":
            row, at = lines[node.lineno - 1], node.col_offset
            lines[node.lineno - 1] = row[:at] + "from ." + row[at + len("from firmware" + dot) :]
    return "".join(lines)


def _shape(text: str) -> str:
    """Return what a source is apart from its names."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        for key in ("id", "attr", "arg", "name"):
            if isinstance(getattr(node, key, None), str):
                setattr(node, key, "")
    return ast.dump(tree)
