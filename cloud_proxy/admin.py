"""What operators ask over HTTP: budgets, cost and the kill switch, each with a key of their own.

    GET                /v1/admin/budgets              what holds, and what it has cost so far
    PUT, DELETE        /v1/admin/budgets/SCOPE/PER    SCOPE: fleet, device or group:NAME
    GET                /v1/admin/cost?by=&since=&until=
    GET, PUT           /v1/admin/kill-switch          {"on": true}

Nothing of this knows which server it is asked through, and nothing of it can be asked over MQTT.
"""

import asyncio
import calendar
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from pydantic import ValidationError

from cloud_proxy.books import FOREVER_MS, SUMS, Book
from cloud_proxy.budgets import longest_window_start_s
from cloud_proxy.config import BudgetRow
from cloud_proxy.cost import cost
from cloud_proxy.fast_json import decode
from cloud_proxy.http_reply import STATUS, Json
from cloud_proxy.keys import Keys
from cloud_proxy.orders import MOST_PATTERN, MOST_PATTERNS, Key, key_of
from cloud_proxy.purse import Purse, StoreDown
from cloud_proxy.report import GROUPS, groups_of
from cloud_proxy.treasury import Entry, TooMany, Treasury

log = logging.getLogger("limpet.admin")

PATH = "/v1/admin/"
_MOST_AT_ONCE = 16
_MOST_BYTES = 65_536  # of a body
_SCOPES = ("fleet", "device", "group")
_WINDOWS = ("hour", "day", "month")
_COST = SUMS.index("cost_ud")

Read = Callable[[], Awaitable[bytes]]


class _Refused(Exception):
    """What was asked is not done: a code of STATUS, why, and what to do about it."""

    def __init__(self, code: str, why: str, fix: str) -> None:
        super().__init__(code, why, fix)
        self.code, self.why, self.fix = code, why, fix


class Admin:
    """Answers operators. keys: theirs; None: nobody is one. device_keys: of all others.

    book: makes a way to the ledger for a thread of its own. switch: puts the kill switch, may
    raise StoreDown or OSError.
    """

    def __init__(
        self,
        keys: Keys | None,
        device_keys: Keys | None,
        treasury: Treasury,
        purse: Purse,
        book: Callable[[], Book],
        switch: Callable[[bool], Awaitable[None]],
    ) -> None:
        self._keys, self._device_keys = keys, device_keys
        self._treasury, self._purse = treasury, purse
        self._book, self._switch = book, switch
        self._under_way = 0
        self._summing = asyncio.Lock()

    async def answer(
        self, method: str, path: str, query: Mapping[str, str], authorization: str, read: Read
    ) -> tuple[int, Json]:
        """Return status and body. read: reads the request's body; what it raises comes through."""
        self._under_way += 1
        try:
            who = self._who(authorization)
            if self._under_way > _MOST_AT_ONCE:
                raise _Refused("busy", "too many operators ask at once", "ask again")
            return 200, await self._do(who, method, path.removeprefix(PATH), query, read)
        except _Refused as e:
            return STATUS[e.code][0], _error(e.code, e.why, e.fix)
        except TooMany as e:
            fix = "limpet fleet budget rm one that is not needed"
            return STATUS["refused"][0], _error("refused", str(e), fix)
        except (StoreDown, OSError) as e:
            log.error("an operator's request failed: %s", e)
            fix = "nothing has changed here; see the proxy's log, and ask again"
            return STATUS["busy"][0], _error("busy", f"what proxies keep: {e}", fix)
        finally:
            self._under_way -= 1

    def _who(self, authorization: str) -> str:
        kind, _, key = authorization.partition(" ")
        key = key.strip() if kind.lower() == "bearer" else ""
        if self._keys is None:
            raise _Refused(
                "forbidden",
                "this proxy obeys no operators: [http] names no admin_keys_file",
                "limpet-proxy key NAME --keys admins.txt, set admin_keys_file = 'admins.txt' "
                "in [http], and start the proxy again",
            )
        if name := self._keys.name(key):
            return name
        fix = (
            "limpet-proxy key NAME --keys FILE, with the file that admin_keys_file in [http] names"
        )
        if self._device_keys and self._device_keys.name(key):
            raise _Refused("forbidden", "that is a device's key, and no operator's", fix)
        raise _Refused("unauthorized", "no such key" if key else "no key came with it", fix)

    async def _do(
        self, who: str, method: str, path: str, query: Mapping[str, str], read: Read
    ) -> Json:
        match [method, *path.split("/")]:
            case ["GET", "budgets"]:
                return await self._budgets()
            case ["PUT", "budgets", scope, per]:
                row = self._row(_key(scope, per), await _body(read, ("usd", "devices")))
                return _told(await self._treasury.set(row, who))
            case ["DELETE", "budgets", scope, per]:
                return await self._remove(_key(scope, per), who)
            case ["GET", "cost"]:
                return await self._costs(query)
            case ["GET", "kill-switch"]:
                return {"on": self._purse.store.killed}
            case ["PUT", "kill-switch"]:
                on = (await _body(read, ("on",))).get("on")
                if not isinstance(on, bool):
                    raise _invalid("on is true or false")
                log.warning("%s puts the kill switch: %s", who, "on" if on else "off")
                return await self._put_switch(on)
            case [_, "budgets"] | [_, "budgets", _, _] | [_, "cost" | "kill-switch"]:
                raise _Refused("method", f"{PATH}{path[:60]} does not take {method}", _SEE)
            case _:
                raise _Refused("not_found", f"there is no {PATH}{path[:60]}", _SEE)

    def _row(self, key: Key, body: Json) -> BudgetRow:
        scope, name, per = key
        devices = body.get("devices")
        if devices is None:
            known = self._treasury.group(name) if scope == "group" else None
            devices = known.devices if known else []
        if not _patterns(devices):
            raise _invalid(
                f"devices is a list of names or patterns such as gh-*, at most {MOST_PATTERNS} "
                f"of {MOST_PATTERN} characters"
            )
        if scope == "group" and not devices:
            fix = f"limpet fleet budget set group:{name} {per} USD --devices 'gh-*,roof'"
            raise _Refused("invalid", f"nobody has said which devices {name} has", fix)
        usd = body.get("usd")
        if isinstance(usd, bool) or not isinstance(usd, int | float):
            raise _invalid("usd is a number, not negative")
        fields: Json = {"scope": scope, "per": per, "usd": usd, "devices": devices}
        try:
            return BudgetRow.model_validate(fields | ({"name": name} if name else {}))
        except ValidationError as e:
            first = e.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise _invalid(f"{place}: {first['msg']}") from e

    async def _remove(self, key: Key, who: str) -> Json:
        if not await self._treasury.remove(key, who):
            scope = ":".join(filter(None, key[:2]))
            why = f"no operator has set a budget {scope}/{key[2]}"
            fix = "what the configuration says goes away there; limpet fleet budget ls"
            raise _Refused("not_found", why, fix)
        same = [e for e in self._treasury.entries() if key_of(e.row) == key]
        return {"removed": True, "holds": [_told(entry) for entry in same]}

    async def _put_switch(self, on: bool) -> Json:
        try:
            await self._switch(on)
        except StoreDown as e:
            if not self._purse.store.killed:
                raise
            fix = "put it once more when that answers; until then at each proxy"
            raise _Refused("busy", f"it is on at this proxy alone: {e}", fix) from e
        return {"on": self._purse.store.killed}

    async def _budgets(self) -> Json:
        entries = self._treasury.entries()
        now_s = time.time()
        spent: dict[str, dict[str, int]] = {}
        for per in {entry.row.per for entry in entries}:
            start_s = _window_start_s(per, now_s)
            rows = await self._sum(lambda s=start_s: self._book().sums(["device"], s * 1000))
            spent[per] = {device: values[_COST] for device, *values in rows}
        told = [_told(entry, spent[entry.row.per]) for entry in entries]
        return {"budgets": told, "kill_switch": self._purse.store.killed}

    async def _costs(self, query: Mapping[str, str]) -> Json:
        by = query.get("by", "device")
        if by not in GROUPS:
            raise _invalid(f"by is one of {', '.join(GROUPS)}")
        since_s, until_s = _date(query, "since"), _date(query, "until")
        if since_s is None:
            since_s = longest_window_start_s(time.time())
        until_ms = FOREVER_MS if until_s is None else until_s * 1000
        groups = groups_of(entry.row for entry in self._treasury.entries())
        found = await self._sum(lambda: cost(self._book(), by, since_s * 1000, until_ms, groups))
        return {"by": by, "since_s": since_s, "until_s": until_s, "rows": found}

    async def _sum(self, ask: Callable[[], Any]) -> Any:
        """Ask the ledger, one question at a time: it has other things to do."""
        async with self._summing:
            try:
                return await asyncio.to_thread(ask)
            except Exception as e:  # each database has errors of its own
                raise StoreDown(f"the ledger cannot be read: {e}") from e


_SEE = "docs/proxy.md has what there is"


def _invalid(why: str) -> _Refused:
    return _Refused("invalid", why, _SEE)


def _error(code: str, why: str, fix: str) -> Json:
    kind = STATUS[code][1]
    return {"error": {"message": why, "type": kind, "code": code, "param": None, "fix": fix}}


async def _body(read: Read, known: tuple[str, ...]) -> Json:
    data = await read()
    if len(data) > _MOST_BYTES:
        raise _Refused("too_large", f"a body of over {_MOST_BYTES} bytes", _SEE)
    try:
        body = decode(data)
    except (ValueError, RecursionError) as e:
        raise _invalid("the body is no JSON") from e
    if not isinstance(body, dict):
        raise _invalid("the body is no object")
    fields = cast(Json, body)
    if more := fields.keys() - {*known}:
        raise _invalid(f"{min(more)[:40]} is no key of it: {', '.join(known)} are")
    return fields


def _key(scope: str, per: str) -> Key:
    """Return the key of a budget from its path."""
    kind, colon, name = scope.partition(":")
    if kind not in _SCOPES or bool(name) != (kind == "group") or (colon and not name):
        raise _invalid(f"{scope[:40]} is no scope: fleet, device and group:NAME are")
    if per not in _WINDOWS:
        raise _invalid(f"{per[:40]} is no window: hour, day and month are")
    return kind, name, per


def _patterns(devices: Any) -> bool:
    if not isinstance(devices, list) or len(cast(list[Any], devices)) > MOST_PATTERNS:
        return False
    some = cast(list[Any], devices)
    return all(isinstance(one, str) and 0 < len(one) <= MOST_PATTERN for one in some)


def _told(entry: Entry, spent_ud: Mapping[str, int] | None = None) -> Json:
    """Return a budget as a program gets it. spent_ud: by device, in its window."""
    row, order = entry.row, entry.order
    told: Json = {
        "scope": row.scope,
        "name": row.name if row.scope == "group" else None,
        "per": row.per,
        "usd": row.usd,
        "devices": row.devices,
        "from": "operator" if order else "configuration",
        "by": order.by if order else None,
        "at_s": order.at_s if order else None,
        "instead_of_usd": [one.usd for one in entry.instead_of],
    }
    if spent_ud is not None:
        limit = row.limit()
        of = {device: ud for device, ud in spent_ud.items() if limit.covers(device)}
        most = max(of, key=lambda device: (of[device], device)) if of else None
        told["spent_ud"] = of.get(str(most), 0) if limit.each else sum(of.values())
        told["most"] = most if limit.each else None
    return told


def _window_start_s(per: str, now_s: float) -> int:
    whole = {"hour": 3600, "day": 86_400}.get(per)
    return int(now_s) // whole * whole if whole else longest_window_start_s(now_s)


def _date(query: Mapping[str, str], name: str) -> int | None:
    """Return the Unix time of a date such as 2026-11-23 (UTC), None if it is not given."""
    text = query.get(name)
    if text is None:
        return None
    try:
        return calendar.timegm(time.strptime(text[:20], "%Y-%m-%d"))
    except ValueError as e:
        raise _invalid(f"{name} is a date such as 2026-11-23") from e
