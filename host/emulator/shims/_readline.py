# ruff: noqa: F821  (the build puts in what is not defined here)
# Typing at the prompt: keys, history, indentation, completion, with the bytes that a chip echoes.
import sys

_KEPT = const(8)  # lines
_WIDTH = const(16)  # of a column of names
_LAST = const(64)  # column
_ENTER = const(13)
_NEWLINE = const(10)
_ESCAPE = const(27)
_TAB = const(9)
_CTRL_C = const(3)
_CTRL_E = const(5)

_put = sys.stdout.write
_history = []  # the newest first
_KEYS = {1: "home", 2: "left", 4: "delete", 5: "end", 6: "right", 8: "rub", 11: "kill"}
_KEYS.update({14: "down", 16: "up", 21: "clear", 127: "rub"})
_ARROWS = {65: "up", 66: "down", 67: "right", 68: "left", 70: "end", 72: "home"}
_NUMBERED = {49: "home", 51: "delete", 52: "end", 55: "home", 56: "end"}
_BUILT_IN = "array asyncio binascii builtins cmath collections deflate errno framebuf gc heapq io"
_BUILT_IN += " json machine math micropython network os platform random re select socket struct"
_BUILT_IN += " sys time uctypes vfs esp esp32 dht neopixel ntptime onewire requests ssl tls"


def _back(count):
    _put("\b" * count if count <= 4 else "\x1b[%dD" % count)


def _is_word(letter):
    return letter.isalpha() or letter.isdigit() or letter == "_"


def goes_on(text):
    """Return whether a statement goes on in the next line: a block, an open bracket or text."""
    if not text:
        return False
    quote = ""
    depth = [0, 0, 0]
    at = 0
    while at < len(text):
        letter = text[at]
        if letter in "'\"":
            if quote in ("", letter * 3) and text[at : at + 3] == letter * 3:
                quote = "" if quote else letter * 3
                at += 2
            elif quote in ("", letter):
                quote = "" if quote else letter
        elif letter == "\\" and text[at + 1 : at + 2] in ("'", '"', "\\"):
            at += 1 if quote else 0
        elif not quote and letter in "([{)]}":
            kind = "([{)]}".find(letter)
            depth[kind % 3] += 1 if kind < 3 else -1
        at += 1
    if len(quote) == 3 or not quote and max(depth) > 0 or text[-1] == "\\":
        return True
    end = 0
    while end < len(text) and _is_word(text[end]):
        end += 1
    is_block = text[0] == "@"
    is_block = is_block or text[:end] in (
        "if",
        "while",
        "for",
        "try",
        "with",
        "def",
        "class",
        "async",
    )
    return is_block and text[-1] != "\n"


def _complete(text, names):
    # Returns what to add to the text, or None after it has shown what could follow.
    start = len(text)
    while start and (_is_word(text[start - 1]) or text[start - 1] == "."):
        start -= 1
    *path, stem = text[start:].split(".")
    found = names
    for i in range(len(path)):
        if i == 0:
            if path[0] not in names:
                return ""
            thing = names[path[0]]
        elif hasattr(thing, path[i]):
            thing = getattr(thing, path[i])
        else:
            return ""
        found = dir(thing)
    if text.startswith("import "):
        found = _BUILT_IN.split()
    found = sorted([n for n in found if n.startswith(stem) and (stem or n[0] != "_")])
    if not found:
        is_import = start == 0 and stem and "import ".startswith(stem)
        return "import "[len(stem) :] if is_import else ""
    same = len(found[0])
    for name in found:
        while not name.startswith(found[0][:same]):
            same -= 1
    if same > len(stem) or len(found) == 1:
        return found[0][len(stem) : same]
    column = _LAST
    for name in found:
        gap = -column % _WIDTH
        gap += _WIDTH if gap < 2 else 0
        if column + gap + len(name) <= _LAST:
            _put(" " * gap + name)
            column += gap + len(name)
        else:
            _put("\n" + name)
            column = len(name)
    _put("\n")
    return None


class Reader:
    """Reads the lines of one statement. get: returns the next byte. names: for completion."""

    def __init__(self, get, names):
        self._get = get
        self._names = names
        self._indents = True
        self._after_return = False
        self.text = ""

    def _indent(self):
        # What the new line of a statement begins with; none after two blank lines.
        lines = self.text.split("\n")[:-1]
        if not lines or not self._indents:
            return ""
        last = lines[-1]
        if len(lines) > 1 and not last.strip(" ") and not lines[-2].strip(" "):
            return ""
        count = (len(last) - len(last.lstrip(" "))) // 4 + last.endswith(":")
        return "    " * count

    def read(self, prompt):
        """Read a line onto `text`; return None, or the control character that ended it."""
        _put(prompt)
        line = self._indent()
        _put(line)
        at = len(line)
        is_fresh = bool(line)
        chosen = -1  # of the history
        while True:
            byte = self._get()
            if byte == _NEWLINE and self._after_return:
                self._after_return = False
                continue
            self._after_return = byte == _ENTER
            back = ahead = 0
            new = line
            key = None
            if byte == _CTRL_C or 1 <= byte <= _CTRL_E and not line:
                self.text += line
                return byte
            if byte == _ENTER or byte == _NEWLINE:
                _put("\r\n")
                if line and line not in _history[:1]:
                    _history.insert(0, line)
                    del _history[_KEPT:]
                self.text += line
                return None
            if byte == _ESCAPE:
                key = self._escape()
            elif byte == _TAB or byte == 32:
                if is_fresh:
                    self._indents = is_fresh = False
                    if byte == 32:  # the program brings its own
                        _back(3)
                        line = line[:-3]
                        at -= 3
                    continue
                more = " "
                if byte == _TAB and (self.text + line[:at])[-1:].isspace():
                    more = "    "
                elif byte == _TAB:
                    more = _complete(line[:at], self._names)
                if more is None:  # it has shown what could follow
                    _put(prompt + line)
                    _back(len(line) - at)
                    continue
                ahead = len(more)
                new = line[:at] + more + line[at:]
            elif byte in _KEYS:
                key = _KEYS[byte]
            elif 32 < byte < 127:
                ahead = 1
                new = line[:at] + chr(byte) + line[at:]
            is_fresh = False
            if key == "home":
                back = at
            elif key == "end":
                ahead = len(line) - at
            elif key == "left":
                back = min(1, at)
            elif key == "right":
                ahead = min(1, len(line) - at)
            elif key == "delete":
                new = line[:at] + line[at + 1 :]
            elif key == "kill":
                new = line[:at]
            elif key == "clear":
                back = at
                new = line[at:]
            elif key == "rub" and at:
                back = 4 if at >= 4 and not line[:at].strip(" ") else 1
                new = line[: at - back] + line[at:]
            elif key in ("up", "down"):
                step = 1 if key == "up" else -1
                if -1 <= chosen + step < len(_history):
                    chosen += step
                    new = _history[chosen] if chosen >= 0 else ""
                    back = at
                    ahead = len(new)
            if back:
                _back(back)
                at -= back
            if new != line or key in ("up", "down") and back + ahead:
                if len(new) < len(line):
                    _put("\x1b[K")
                _put(new[at:])
                _back(len(new) - at - ahead)
            elif ahead:
                _put(line[at : at + ahead])
            at += ahead
            line = new

    def _escape(self):
        # The key behind an escape sequence, None for one that the prompt does not know.
        byte = self._get()
        if byte not in (91, 79):
            return None
        after = self._get()
        if byte == 91 and 48 <= after <= 57:
            return _NUMBERED.get(after) if self._get() == 126 else None
        return _ARROWS.get(after) if byte == 91 or after in (70, 72) else None
