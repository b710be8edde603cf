"""Whether a board waits for its peers before held time jumps."""

import socket
from collections.abc import Generator

import pytest

from host.emulator.traffic import Traffic
from host.emulator.waker import Sockets


class Watch(Sockets):
    """Sockets that count how often somebody really waited for them."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__([(sock, 1)])
        self.waits = 0

    def poll(self, timeout_s: float) -> list[tuple[int, int]]:
        self.waits += 1
        return super().poll(timeout_s)


@pytest.fixture
def watch() -> Generator[Watch]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Watch(ours)


PING, MESSAGE = (2, 2), (120, 4)
# Exchanges (bytes out, bytes in), each followed by a jump of time; then whether the last one was
# waited for: None stands for an answer that never came, "more" for one more message.
STORIES = {
    "a first ping": ([PING], True),
    "a fifth ping, after which nothing ever followed": ([PING] * 5, False),
    "a message of another size": ([PING] * 5 + [MESSAGE], True),
    "a message, however often more followed": ([(120, 4, "more")] * 9 + [MESSAGE], True),
    "a ping after one that brought more": ([PING] * 8 + [(2, 2, "more"), PING], True),
    "a ping that nobody answered": ([PING] * 9 + [(2,)], True),
    "what was never answered": ([(48,)] * 5, False),
    "what was not answered, but was again": ([(48,)] * 5 + [(48, 48), (48,)], True),
}


@pytest.mark.parametrize(("exchanges", "waited"), STORIES.values(), ids=STORIES)
def test_what_was_always_over_is_not_waited_for(watch: Watch, exchanges, waited: bool):
    traffic = Traffic()
    before = 0
    for out, *answers in exchanges:
        traffic.sent(out)
        before = watch.waits
        for answer in answers:
            if answer == "more":
                traffic.grace(watch)
                traffic.received(50)
            else:
                traffic.received(answer)
        before = watch.waits
        traffic.grace(watch)
    assert (watch.waits > before) == waited


def test_sockets_that_nothing_moved_on_are_not_waited_for(watch: Watch):
    assert not Traffic().grace(watch)
    assert watch.waits == 0


def test_an_answer_ends_the_wait():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        traffic = Traffic()
        traffic.sent(2)
        theirs.send(b"ok")
        assert traffic.grace(Sockets([(ours, 1)]))
