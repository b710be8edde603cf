"""Budget sums in Redis: one script checks and adds at once, so that proxies cannot race."""

# pyright: basic, reportMissingImports=false

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

from cloud_proxy.budgets import Account
from cloud_proxy.shared_store import SharedStore

KILL = "limpet:kill"  # exists while nothing may be spent
_PREFIX = "limpet:budget:"
_BATCH = "limpet:settled:"
_BATCH_KEPT_S = 3600
_AT_ONCE = 1000
_KEPT_S = 40 * 86_400  # longer than the longest window
# KEYS: accounts. ARGV: what to add, how long to keep it, a limit an account. Returns 1 or 0, and
# the sums as they are then.
_ADD_WITHIN = """
local sums, fits = {}, 1
for i, key in ipairs(KEYS) do
  sums[i] = tonumber(redis.call('GET', key) or '0')
  if sums[i] + ARGV[1] > tonumber(ARGV[i + 2]) then fits = 0 end
end
if fits == 1 then
  for i, key in ipairs(KEYS) do
    sums[i] = redis.call('INCRBY', key, ARGV[1])
    redis.call('EXPIRE', key, ARGV[2])
  end
end
return {fits, unpack(sums)}
"""


# KEYS: the batch, accounts. ARGV: how long to keep the one and the others, what to add to each.
_ADD = """
if redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[1]) then
  for i = 2, #KEYS do
    redis.call('INCRBY', KEYS[i], ARGV[i + 1])
    redis.call('EXPIRE', KEYS[i], ARGV[2])
  end
end
"""
# KEYS: accounts. ARGV: how long to keep them, what each is at least.
_RAISE = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') < tonumber(ARGV[i + 1]) then
    redis.call('SET', key, ARGV[i + 1], 'EX', ARGV[1])
  end
end
"""


class RedisStore(SharedStore):
    """Sums behind a URL such as redis://10.0.0.3:6379/0."""

    errors = (RedisError,)

    def __init__(self, url: str, killed: Callable[[], bool]) -> None:
        super().__init__(killed)
        self._client: Any = redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._add: Any = self._client.register_script(_ADD)
        self._add_within: Any = self._client.register_script(_ADD_WITHIN)
        self._raise: Any = self._client.register_script(_RAISE)

    async def connect(self) -> None:
        """See whether it answers."""
        await self._client.ping()

    async def add_within(self, accounts: Sequence[Account], ud: int) -> dict[str, int] | None:
        """Add to every account or, if one would exceed its limit, to none."""
        keys = [_PREFIX + account.key for account in accounts]
        args = [ud, _KEPT_S, *(account.limit_ud for account in accounts)]
        fits, *sums = await self._add_within(keys=keys, args=args)
        by_key = {account.key: sum_ud for account, sum_ud in zip(accounts, sums, strict=True)}
        if fits:
            return by_key
        for key, sum_ud in by_key.items():
            self.learn(key, sum_ud)
        return None

    async def add(self, batch: str, sums: dict[str, int]) -> None:
        """Add to accounts by key, all or none, and once."""
        keys = [_BATCH + batch, *(_PREFIX + key for key in sums)]
        await self._add(keys=keys, args=[_BATCH_KEPT_S, _KEPT_S, *sums.values()])

    async def look(self) -> bool:
        """Return whether the shared kill switch is on."""
        return bool(await self._client.exists(KILL))

    async def switch(self, on: bool) -> None:
        """Put the shared kill switch."""
        await (self._client.set(KILL, "1") if on else self._client.delete(KILL))

    async def raise_to(self, sums: Mapping[str, int]) -> None:
        """Raise accounts, by key, that are lower."""
        items = sorted(sums.items())
        for at in range(0, len(items), _AT_ONCE):  # a script's arguments are on Lua's stack
            some = items[at : at + _AT_ONCE]
            keys = [_PREFIX + key for key, _ in some]
            await self._raise(keys=keys, args=[_KEPT_S, *(ud for _, ud in some)])

    async def hang_up(self) -> None:
        """Close the connections."""
        await self._client.aclose()
