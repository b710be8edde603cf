"""A board that comes in by a pre-shared key, which Python's own TLS cannot: openssl's, and MQTT."""

import queue
import subprocess
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.system.fleet_kit import LIMIT_S


class PskBoard:
    """One connection, and no other: what was ended stays ended.

    welcome: the CONNACK, b"" if it was not let in. heard: what was delivered, (topic, payload).
    """

    def __init__(self, port: int, name: str, key: str, client_id: str = "another") -> None:
        self.name = name
        self.heard: list[tuple[str, bytes]] = []
        self._acknowledged: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._process = subprocess.Popen(
            [
                *("openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{port}"),
                *("-psk_identity", name, "-psk", key, "-tls1_2"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin and self._process.stdout
        self._out, self._in = self._process.stdin, self._process.stdout
        self._send(0x10, b"\0\4MQTT\4\2\0\0" + _text(client_id))
        self.welcome = self._in.read(4)
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _send(self, kind: int, body: bytes) -> None:
        with suppress(BrokenPipeError):
            self._out.write(bytes([kind, len(body)]) + body)
            self._out.flush()

    def _read(self) -> None:
        while head := self._in.read(1):
            body = self._in.read(self._in.read(1)[0])  # all are shorter than 128 bytes
            if head[0] >> 4 == 3:  # at QoS 0
                size = int.from_bytes(body[:2], "big")
                self.heard.append((body[2 : 2 + size].decode(), body[2 + size :]))
            else:
                self._acknowledged.put(head[0] >> 4)
        self._acknowledged.put(0)

    def subscribe(self, topic: str) -> None:
        self._send(0x82, b"\0\1" + _text(topic) + b"\0")
        assert self._acknowledged.get(timeout=LIMIT_S) == 9

    def publish(self, kind: str, payload: bytes) -> None:
        """Publish at QoS 1 on a topic of this board until the broker has it, or the end."""
        self._send(0x32, _text(f"limpet/v1/{self.name}/{kind}") + b"\0\2" + payload)
        if self._acknowledged.get(timeout=LIMIT_S) == 0:
            self._acknowledged.put(0)  # the end, also for whoever asks again

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(LIMIT_S)
        self._thread.join(LIMIT_S)
        for pipe in (self._out, self._in):
            with suppress(BrokenPipeError):
                pipe.close()


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()
