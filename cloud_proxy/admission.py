"""Who may come in: a bounded number of requests at a time, and of each device."""

from collections import Counter


class Admission:
    """Counts what is under way; holds nothing for devices that have nothing under way."""

    def __init__(self, most: int, most_per_device: int) -> None:
        self._most = most
        self._most_per_device = most_per_device
        self._per_device: Counter[str] = Counter()
        self.under_way = 0
        self.closed = True  # while the proxy starts or stops

    def enter(self, device: str) -> str:
        """Count a request in; return "" or, if there is no room for it, why not."""
        if self.closed:
            return "the proxy is starting or stopping"
        if self.under_way >= self._most:
            return "too many requests are under way"
        if self._per_device[device] >= self._most_per_device:
            return "too many requests of this board are under way"
        self.under_way += 1
        self._per_device[device] += 1
        return ""

    def leave(self, device: str) -> None:
        """Count a request out that was let in."""
        self.under_way -= 1
        self._per_device[device] -= 1
        if self._per_device[device] <= 0:
            del self._per_device[device]
