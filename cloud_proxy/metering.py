"""What an attempt cost: tokens, prices and the row that the ledger keeps.

Money is integer throughout: a price is picodollars a token (1 USD per million tokens is 1,000,000
of them), a cost is micro-dollars, rounded up.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

_PICO_PER_MICRO = 1_000_000
CHARS_PER_TOKEN = 4  # English text and JSON; for estimates, which are marked as such
# No tokenizer makes more than a token of a byte; these bound what a server adds of its own.
_TEMPLATE_TOKENS = 256
_MESSAGE_TOKENS = 16


class Usage(NamedTuple):
    """Tokens of one attempt; `estimated` where the upstream did not count them for us."""

    input: int = 0
    output: int = 0
    cached: int = 0  # the part of `input` that the upstream had in its cache
    estimated: bool = True


@dataclass(frozen=True, slots=True)
class Price:
    """Picodollars a token, and where the figures come from."""

    input: int
    output: int
    cached: int
    version: str


FREE = Price(0, 0, 0, "free")


class Attempt(NamedTuple):
    """One row of the ledger: one try of one tier at one request.

    A NamedTuple, like all that is made for each request: a frozen dataclass takes thrice as long.
    """

    time_ms: int  # Unix time at which the attempt began
    device: str
    request: str
    retry: int  # the board's "try", 0 for the first
    attempt: int  # 0 for the first tier asked in this try
    tier: str
    model: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    estimated: bool
    cost_ud: int  # micro-dollars
    price_version: str
    ttft_ms: int | None  # to the first text; None if none came
    total_ms: int
    outcome: str  # ok, unsure, cancelled, expired, or the code of the tier's error
    why: str  # the routing decision, and what went wrong
    since_ms: int = 0  # from the request's arrival to the end of this attempt
    slo_ms: int | None = None  # the deadline that was wished for


def cost_ud(price: Price, usage: Usage) -> int:
    """Return what the tokens cost in micro-dollars, rounded up; cached ones at their own price."""
    cached = min(usage.cached, usage.input)
    pico = (
        (usage.input - cached) * price.input + cached * price.cached + usage.output * price.output
    )
    return -(-pico // _PICO_PER_MICRO)


def worst_ud(price: Price, input_tokens: int, max_output_tokens: int) -> int:
    """Return the most that a request can cost, micro-dollars: all output, nothing cached."""
    pico = input_tokens * price.input + max_output_tokens * price.output
    return -(-pico // _PICO_PER_MICRO)


def estimate_tokens(characters: int) -> int:
    """Return about how many tokens so many characters are."""
    return -(-characters // CHARS_PER_TOKEN)


def most_tokens(size: int, messages: int) -> int:
    """Return the most tokens that so many bytes of text in so many messages can be.

    Mostly four times too much; but a budget that trusts an average leaks when a board speaks
    another language, or in digits.
    """
    return size + _MESSAGE_TOKENS * messages + _TEMPLATE_TOKENS


def price_from_usd(
    input_usd: float, output_usd: float, cached_usd: float | None, version: str
) -> Price:
    """Return a Price from USD per million tokens; cached input as other input if not said."""
    cached = input_usd if cached_usd is None else cached_usd
    # 1 USD a million tokens = 1e12 / 1e6 picodollars a token
    fresh, out, old = (math.ceil(round(usd * 1e6, 3)) for usd in (input_usd, output_usd, cached))
    return Price(fresh, out, old, version)


def price_from_tables(model: str, url: str) -> Price | None:
    """Return what the pinned genai-prices tables say of a model at an API address, or None.

    The package is read as it was installed: it is never asked to update itself. Board requests are
    a few thousand tokens, so a price that rises with the context is taken at 1,000 tokens.
    """
    import genai_prices  # half a second: only for those who have such a tier

    def pico_per_token(usage: genai_prices.Usage, tokens: int) -> int:
        price = genai_prices.calc_price(usage, model, provider_api_url=url).total_price
        return math.ceil(price * 10**12 / tokens)

    usage = genai_prices.Usage
    try:
        fresh = pico_per_token(usage(input_tokens=1000), 1000)
        output = pico_per_token(usage(output_tokens=1000), 1000)
        cached = pico_per_token(usage(input_tokens=1000, cache_read_tokens=1000), 1000)
    except LookupError:
        return None
    return Price(fresh, output, cached, f"genai-prices {genai_prices.__version__}")
