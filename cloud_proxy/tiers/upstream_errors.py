"""What goes wrong between us and an upstream, as TierError: one word for the ledger each."""

import time
from email.utils import parsedate_to_datetime

from cloud_proxy.config import OpenAITier
from cloud_proxy.metering import Usage
from cloud_proxy.tiers.assembly import Garbage
from cloud_proxy.tiers.base import TierError
from cloud_proxy.tiers.http_client import Answer
from cloud_proxy.tiers.http_connection import NoConnection, NotHttp, NotInTime
from cloud_proxy.tiers.sse import EventTooLong

_NOTHING = Usage(estimated=False)  # the upstream refused before it did any work
_DEFAULT_RETRY_AFTER_S = 5.0
_REQUEST_AT_FAULT = frozenset({400, 413, 422})  # the next request may well be answered
_ERROR_BODY_BYTES = 2048


# What an HTTP client and a bad answer raise; TimeoutError is an OSError.
UPSTREAM_ERRORS = (OSError, Garbage, EventTooLong)


def named(error: Exception, config: OpenAITier) -> TierError:
    """Return one of UPSTREAM_ERRORS as a TierError."""
    match error:
        case NotInTime():
            return TierError("timeout", str(error), usage=_NOTHING)
        case NoConnection():
            return TierError("connect", str(error), usage=_NOTHING)
        case TimeoutError():
            why = f"silent for {config.idle_timeout_s:g} s, or not done within "
            return TierError("timeout", f"{why}{config.total_timeout_s:g} s")
        case Garbage() | EventTooLong() | NotHttp():
            return TierError("garbage", str(error))
        case _:
            return TierError("cut", f"the answer broke off: {error}")


async def refused(answer: Answer) -> TierError:
    """Return the error for a status other than 200, with what the upstream says of it."""
    body = await answer.rest(_ERROR_BODY_BYTES)
    said = " ".join(body[:_ERROR_BODY_BYTES].decode("utf-8", "replace").split())[:200]
    why = f"HTTP {answer.status}: {said}"
    if answer.status in (429, 503):
        wait_s = retry_after_s(answer.headers.get("retry-after"), time.time())
        if answer.status == 429 or wait_s is not None:
            rest_s = _DEFAULT_RETRY_AFTER_S if wait_s is None else wait_s
            return TierError("rate_limited", why, usage=_NOTHING, retry_after_s=rest_s)
    at_fault = answer.status not in _REQUEST_AT_FAULT
    return TierError(f"http_{answer.status}", why, usage=_NOTHING, tier_at_fault=at_fault)


def retry_after_s(header: str | None, now_s: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, be it a number or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now_s)
    except ValueError:
        return None
