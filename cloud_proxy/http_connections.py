"""Connections that say nothing, or too slowly, do not stay: a guard beside an aiohttp server."""

import asyncio
from typing import Any

from aiohttp import web

_LOOK_EVERY_S = 0.5


class Connections:
    """Closes what has not brought a whole request within request_s, or was idle for idle_s."""

    def __init__(self, most: int, request_s: float, idle_s: float) -> None:
        self._most = most
        self._request_s = request_s
        self._idle_s = idle_s
        self._since: dict[Any, float] = {}  # since when a connection waits for its request
        self._served: set[Any] = set()
        self._busy: set[Any] = set()

    def enter(self, request: web.BaseRequest) -> Any:
        """Note that a request is being served; what is returned goes to `leave`."""
        connection = request.protocol
        self._busy.add(connection)
        return connection

    def leave(self, connection: Any) -> None:
        """Note that it was served."""
        self._busy.discard(connection)
        self._served.add(connection)
        self._since[connection] = asyncio.get_running_loop().time()

    async def guard(self, server: web.Server) -> None:
        """Watch the server's connections until cancelled."""
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            open_now = server.connections
            self._forget(set(open_now))
            now_s = clock()
            waiting = [one for one in open_now if one not in self._busy]
            waiting.sort(key=lambda one: self._since.setdefault(one, now_s))
            excess = max(0, len(open_now) - self._most)
            for number, connection in enumerate(waiting):
                patience_s = self._idle_s if connection in self._served else self._request_s
                if number < excess or now_s - self._since[connection] > patience_s:
                    connection.force_close()
                    if connection.transport is not None:
                        connection.transport.close()

    def _forget(self, open_now: set[Any]) -> None:
        for gone in self._since.keys() - open_now:
            del self._since[gone]
        self._served &= open_now
