"""Who gets a message: the subscriptions of an MQTT broker's clients, known by their names.

Nearly all filters of a fleet are plain topics, so these are looked up; the others are tried.
"""

from collections import Counter

SHARE = "$share/"


class Routes:
    """Filters of clients: topics, patterns with + and #, and `$share/<group>/<filter>`."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, int]] = {}  # topic -> {client: QoS}
        self._wild: dict[str, dict[str, tuple[list[str], int]]] = {}  # client -> {filter: ...}
        self._topics: dict[str, set[str]] = {}  # client -> its plain topics
        self._turns: Counter[str] = Counter()  # of the members of each shared filter

    def subscribe(self, client: str, name: str, qos: int) -> None:
        """Add a filter that `is_filter`, or change its QoS."""
        if is_pattern(name):
            levels = name.split("/")
            own = levels[2:] if name.startswith(SHARE) else levels
            self._wild.setdefault(client, {})[name] = own, qos
        else:
            self._exact.setdefault(name, {})[client] = qos
            self._topics.setdefault(client, set()).add(name)

    def unsubscribe(self, client: str, name: str) -> None:
        """Remove a filter, if there is such a one."""
        self._wild.get(client, {}).pop(name, None)
        self._topics.get(client, set()).discard(name)
        members = self._exact.get(name, {})
        members.pop(client, None)
        if not members:
            self._exact.pop(name, None)

    def leave(self, client: str) -> None:
        """Remove all filters of a client."""
        for topic in list(self._topics.get(client, ())):
            self.unsubscribe(client, topic)
        self._topics.pop(client, None)
        self._wild.pop(client, None)

    def find(self, topic: str) -> list[tuple[str, int]]:
        """Return who gets a message to a topic, and at most with which QoS.

        Whoever asks for himself comes once, by name; then a member of each share, by turns.
        """
        found = dict(self._exact.get(topic, {}))
        shares: dict[str, list[tuple[str, int]]] = {}
        levels = topic.split("/")
        for client, patterns in self._wild.items():
            for name, (pattern, qos) in patterns.items():
                if not matches(pattern, levels):
                    continue
                if name.startswith(SHARE):
                    shares.setdefault(name, []).append((client, qos))
                else:
                    found[client] = max(qos, found.get(client, 0))
        chosen: list[tuple[str, int]] = []
        for name, members in shares.items():
            chosen.append(members[self._turns[name] % len(members)])
            self._turns[name] += 1
        return sorted(found.items()) + chosen


def matches(pattern: list[str], levels: list[str]) -> bool:
    """Return whether a filter's levels fit those of a topic."""
    if levels[0].startswith("$") and pattern[0] in ("#", "+"):
        return False
    for i, level in enumerate(pattern):
        if level == "#":
            return True
        if i >= len(levels) or level not in ("+", levels[i]):
            return False
    return len(pattern) == len(levels)


def is_pattern(name: str) -> bool:
    """Return whether a filter is more than a plain topic."""
    return name.startswith(SHARE) or "+" in name or "#" in name


def is_filter(name: str) -> bool:
    """Return whether MQTT allows such a filter."""
    levels = name.split("/")
    if name.startswith(SHARE):
        if len(levels) < 3 or not levels[1] or set(levels[1]) & {"+", "#"}:
            return False
        levels = levels[2:]
    whole = all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels)
    return levels != [""] and whole and "#" not in levels[:-1]
