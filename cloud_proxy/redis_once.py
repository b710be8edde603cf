"""Claims on requests in Redis: a key each, which one script reads and takes."""

# pyright: basic, reportMissingImports=false

from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from cloud_proxy.once import ALIVE_S, KEPT_S, Claim, Once

_PREFIX = "limpet:asked:"
_ALIVE = "limpet:alive:"
_AT_WORK_S = 1200  # twice what the most patient board waits
# KEYS: the request. ARGV: our name, how long a claim lasts, what the names of the living begin
# with. A value is "=" and the reply, or "?" and the proxy that is at it.
_TAKE = """
local found = redis.call('GET', KEYS[1])
if found then
  local rest = string.sub(found, 2)
  if string.sub(found, 1, 1) == '=' then return rest end
  if rest ~= ARGV[1] and redis.call('EXISTS', ARGV[3] .. rest) == 1 then return '' end
end
redis.call('SET', KEYS[1], '?' .. ARGV[1], 'EX', ARGV[2])
return false
"""


class RedisOnce(Once):
    """Claims behind a URL such as redis://10.0.0.3:6379/0."""

    errors = (RedisError,)

    def __init__(self, url: str, proxy: str) -> None:
        super().__init__(proxy)
        self._client: Any = redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._take: Any = self._client.register_script(_TAKE)

    async def connect(self) -> None:
        """See whether it answers."""
        await self._client.ping()

    async def take(self, key: str) -> Claim:
        """Claim a request unless it was answered, or a proxy that lives is at it."""
        return await self._take(keys=[_PREFIX + key], args=[self.proxy, _AT_WORK_S, _ALIVE])

    async def keep(self, ends: dict[str, bytes | None]) -> None:
        """Note how requests ended."""
        async with self._client.pipeline(transaction=False) as pipe:
            for key, reply in ends.items():
                if reply is None:
                    pipe.delete(_PREFIX + key)
                else:
                    pipe.set(_PREFIX + key, b"=" + reply, ex=KEPT_S)
            await pipe.execute()

    async def beat(self) -> None:
        """Say that we live."""
        await self._client.set(_ALIVE + self.proxy, "1", ex=ALIVE_S)

    async def hang_up(self) -> None:
        """Close the connections."""
        await self._client.aclose()
