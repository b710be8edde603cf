"""Programs made at random that print the same on CPython and MicroPython.

Each mixes what allocates: numbers larger than a word, strings, lists, dictionaries, exceptions,
closures, generators, objects, json, re, struct, exec. What the two disagree on is left out: the
order of dictionaries, the texts of messages, sorting with equal keys.
"""

from __future__ import annotations

import random

_PRELUDE = """\
import json, re, struct
class Box:
    def __init__(self, name, items):
        self.name = name
        self.items = items
    def __getattr__(self, attr):
        if attr == 'size':
            return len(self.items)
        raise AttributeError(attr)
    def __add__(self, other):
        return Box(self.name + other.name, self.items + other.items)
def adder(n):
    def add(x):
        return (x + n) % 1009
    return add
def triples(items):
    for x in items:
        try:
            yield x * 3
        finally:
            str(x)
def nest(depth, items):
    if depth == 0:
        raise KeyError(str(items))
    try:
        return nest(depth - 1, items + [depth])
    except ValueError:
        return 'never'
"""

# {i} {j}: names of whole numbers, {s} {t}: strings, {l} {m}: lists of numbers below 1,009,
# {d}: a dictionary from numbers to strings, {k}: a small constant.
_STATEMENTS = """\
{i} = {i} * {i} % 1000003 + {k}
{i} = len({s}) + sum({l}) % 1000
{i} = (({i} + 7) ** {k} * 10 ** 25 + {j}) % (10 ** 31 + {k})
{i} = int(str({i})[:6] + str({k}))
{i} = Box({s}, {l}).size + (Box({t}, {m}) + Box({s}, {l})).size
{i} = struct.unpack('<IH', struct.pack('<IH', {i} & 0xFFFFFFFF, {k}))[0]
{i} = len([x for x in range({k} * 3) if {s}[:x] != {t}[:x]])
{s} = ({s} + str({i}) + {t})[-60:]
{s} = '-'.join([str(x) for x in {l}])[:80]
{s} = '%s:%d' % ({t}[:20], {i} % 1000)
{s} = '{{}}/{{:05d}}'.format({s}[:9], {i} % 99999)
{s} = {s}.replace('1', 'ab')[:70].upper()
{s} = json.dumps({l})[:60]
{s} = re.sub('[0-9]+', '#', {s}) + str({k})
{s} = str([{i}, {t}[:5], {l}[:3], None, ({k},)])
{s} = (lambda a, *b, **c: a + str(b) + str(len(c)))({t}[:9], {i}, x={s})
{s} = b'|'.join([x.encode() for x in {s}.split('-')]).decode()[:50]
{l} = sorted({l} + [{i} % 1009], key=lambda x: -x)[:20]
{l} = [x * {k} % 1009 for x in {l} if x % 3 != {k} % 3]
{l} = [x % 1009 for x in triples({m})]
{l} = list(map(adder({i}), {l}))
{l} = [len(p) for p in {s}.split('1')][:20]
{l} = list(({s}[:9] + chr(65 + {k})).encode()) + {l}[:9]
{l} = [x + y for x, y in zip({l}, reversed({m}))] or [{k}]
{l} = json.loads(json.dumps({{'a': [{l}, {{'b': {s}}}]}}))['a'][0]
{d} = {{x: str(x) + {s}[:3] for x in {l}}}
{d}[{i} % 50] = {s}[:30]
{d}.pop({i} % 50, None)
{d}.update([(x, y) for x, y in enumerate({s}[:5])])
{l} = sorted({d})[:30]; {s} = ''.join([{d}[x] for x in {l}])[:60]
exec('r = [str(x) for x in v]', {{'v': {l}}}, {d}); {l} = [len(x) for x in {d}.pop('r')]
try: {i} = int({s})
except ValueError as e: {i} = len(e.args) + {k}
try: {l}[{i} % 99] += 1
except IndexError as e: {s} = type(e).__name__ + {s}[:9]
try: {s} = {d}[{i} % 99]
except KeyError as e: {i} = e.args[0]
try: nest({k}, {l}[:3])
except KeyError as e: {s} = e.args[0][:40]
try: exhaust()
except MemoryError as e: {l} = {l}[:5] + [{k}]
try: raise RuntimeError({s}, {l})
except Exception as e: {s}, {l} = e.args[0] + '!', e.args[1] + [{k}]
"""


def _templates() -> list[str]:
    joined: list[str] = []
    for line in _STATEMENTS.splitlines():
        if line.startswith("except"):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    return joined


_TEMPLATES = _templates()


def program(seed: int) -> str:
    """Return a program. It expects a function `exhaust` that raises MemoryError."""
    rng = random.Random(seed)

    def names(kind: str) -> list[str]:
        return [f"{kind}{n}" for n in rng.sample(range(4), 2)]

    lines: list[str] = []
    for block in range(rng.randint(3, 6)):
        lines.append(f"def block{block}(n, {_ALL}):")
        lines.append(f"    for turn in range({rng.randint(2, 5)}):")
        for _ in range(rng.randint(4, 10)):
            (i, j), (s, t), (ls, m) = names("i"), names("s"), names("l")
            k = rng.randint(1, 9)
            text = rng.choice(_TEMPLATES).format(
                i=i, j=j, s=s, t=t, l=ls, m=m, d=names("d")[0], k=k
            )
            lines += ["        " + line for line in text.splitlines()]
        lines.append(f"    if n: return block{block}(n - 1, {_ALL})")
        lines.append(f"    return {_ALL}")
        lines.append(f"{_ALL} = block{block}({rng.randint(0, 3)}, {_ALL})")
        lines.append(_SHOW)
    start = f"{_ALL} = 1, 22, 333, 4444, 'a1', 'bc-d', '', '11', [1], [2, 3], [], [7] * 9, "
    return _PRELUDE + start + "{}, {1: 'x'}, {}, {}\n" + "\n".join(lines) + "\n"


_ALL = ", ".join(f"{kind}{n}" for kind in "isld" for n in range(4))
_SHOW = "print([" + _ALL.split(", d0")[0] + "], [sorted(d.items()) for d in (d0, d1, d2, d3)])"
