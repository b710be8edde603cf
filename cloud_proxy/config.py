"""The configuration: one TOML file, checked; without a file the edge tier alone."""

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cloud_proxy.budgets import Limit
from cloud_proxy.errors import UserError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Mqtt(_Strict):
    """Where the broker is and how much of its traffic we take on."""

    enabled: bool = True
    broker: Annotated[str, Field(pattern=r"^[^:\s]+:\d{1,5}$")] = "127.0.0.1:1883"
    username: str | None = None
    password_env: str | None = None  # name of an environment variable
    tls: bool = False
    ca_file: Path | None = None
    group: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,32}$")] = "limpet"
    keepalive_s: Annotated[int, Field(ge=5, le=600)] = 30
    connect_timeout_s: Annotated[float, Field(gt=0, le=120)] = 10.0
    max_inflight: Annotated[int, Field(ge=1, le=100_000)] = 256
    max_inflight_per_device: Annotated[int, Field(ge=1, le=1000)] = 4
    deltas: bool = True  # send text as it comes, not only when it is complete
    delta_interval_ms: Annotated[int, Field(ge=0, le=5000)] = 100


class Http(_Strict):
    """Where programs ask over HTTP, and how much of that we take on."""

    listen: Annotated[str, Field(pattern=r"^[^\s]+:\d{1,5}$")]  # host:port; port 0: any free one
    keys_file: Path | None = None  # None: no keys, which only this machine's own address allows
    admin_keys_file: Path | None = None  # of operators; None: nobody sets budgets over HTTP
    max_inflight: Annotated[int, Field(ge=1, le=100_000)] = 256
    max_inflight_per_device: Annotated[int, Field(ge=1, le=100_000)] = 64
    max_connections: Annotated[int, Field(ge=1, le=100_000)] = 1024
    max_body_bytes: Annotated[int, Field(ge=1024)] = 1_048_576
    request_timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0  # for head and body to come
    idle_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 75.0
    ttl_s: Annotated[float, Field(gt=0, le=600)] = 120.0  # then nobody waits any more

    @model_validator(mode="after")
    def _apart(self) -> "Http":
        if self.admin_keys_file and self.admin_keys_file == self.keys_file:
            raise ValueError("admin_keys_file is keys_file: every device would be an operator")
        return self


class Shared(_Strict):
    """Servers that several proxies share: names of environment variables with their URLs."""

    postgres_env: str | None = None  # the ledger is there, and the budgets unless Redis has them
    redis_env: str | None = None  # the budgets


class Ledger(_Strict):
    """Where the ledger is kept; without `file` in the state directory."""

    file: Path | None = None


class Telemetry(_Strict):
    """What is told to OpenTelemetry."""

    spans: bool = False  # a request and its attempts; where to: OTEL_EXPORTER_OTLP_ENDPOINT


class Routing(_Strict):
    """What holds for every request."""

    max_ud_per_request: Annotated[int, Field(ge=0)] | None = None  # micro-dollars
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 3
    late: Literal["best_chance", "refuse"] = "best_chance"  # if no tier meets the deadline
    explore: Annotated[float, Field(ge=0, le=0.5)] = 0.02  # of requests without a deadline
    hedge: Annotated[float, Field(ge=0, le=1)] = 0.05  # share of requests that may be hedged


class BudgetRow(_Strict):
    """What may be spent in each hour, day or month (UTC)."""

    scope: Literal["device", "group", "fleet"]
    per: Literal["hour", "day", "month"]
    usd: Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]
    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")] | None = None  # of the group
    devices: list[str] = []  # names, or patterns such as "gh-*"; default: every device

    @model_validator(mode="after")
    def _named(self) -> "BudgetRow":
        if self.scope == "group" and not (self.name and self.devices):
            raise ValueError("a group needs a name and its devices")
        return self

    def limit(self) -> Limit:
        """Return the row in micro-dollars."""
        names = {"device": "each device", "fleet": "the fleet"}
        return Limit(
            name=names.get(self.scope) or str(self.name),
            per=self.per,
            limit_ud=round(self.usd * 1e6),
            devices=tuple(self.devices) or ("*",),
            each=self.scope == "device",
        )


class Prices(_Strict):
    """USD per million tokens."""

    input: Annotated[float, Field(ge=0)]
    output: Annotated[float, Field(ge=0)]
    cached: Annotated[float, Field(ge=0)] | None = None  # cached input; None: as input


class EdgeTier(_Strict):
    """The small model in this process."""

    kind: Literal["edge"]
    enabled: bool = True
    weights: Path | None = None  # None: the ones that ship
    expect_ms: Annotated[float, Field(gt=0)] = 8.0  # until it has been measured
    escalate_below: Annotated[float, Field(ge=0, le=1)] = 0.6  # confidence


class OpenAITier(_Strict):
    """Any endpoint that speaks OpenAI's chat completions."""

    kind: Literal["openai"]
    enabled: bool = True
    url: Annotated[str, Field(pattern=r"^https?://[!-~]+$")]  # up to and including /v1
    model: str
    key_env: str | None = None  # name of an environment variable
    provider: str = ""  # whose machines, so that a hedge goes elsewhere; "": the url's host
    price: Prices | None = None  # None: from the genai-prices tables
    private: bool = False  # may see requests that are marked private
    tools: bool = True
    streams: bool = True
    batch: Annotated[int, Field(ge=1, le=1000)] = 1  # requests that can wait go off together
    batch_window_s: Annotated[float, Field(gt=0, le=60)] = 0.5  # at most so long
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    context_tokens: Annotated[int, Field(ge=256)] = 32_768
    max_output_tokens: Annotated[int, Field(ge=16, le=100_000)] = 512
    max_tokens_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    probe: bool = False  # ask it a few short questions at the start, to find out what it lacks
    expect_ms: Annotated[float, Field(gt=0)] = 1000.0  # until it has been measured
    connect_timeout_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    idle_timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0  # between two pieces
    total_timeout_s: Annotated[float, Field(gt=0, le=600)] = 30.0
    max_response_bytes: Annotated[int, Field(ge=4096)] = 1_048_576
    max_connections: Annotated[int, Field(ge=1)] = 128
    extra: dict[str, Any] = {}  # more keys of the request's body, such as reasoning_effort


Tier = Annotated[EdgeTier | OpenAITier, Field(discriminator="kind")]


class Config(_Strict):
    """Everything; each part has defaults."""

    mqtt: Mqtt = Mqtt()
    http: Http | None = None  # None: no HTTP
    ledger: Ledger = Ledger()
    shared: Shared = Shared()
    telemetry: Telemetry = Telemetry()
    routing: Routing = Routing()
    budgets: list[BudgetRow] = []
    drain_timeout_s: Annotated[float, Field(ge=0, le=300)] = 10.0  # at SIGTERM
    tiers: dict[Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,32}$")], Tier] = {}

    @model_validator(mode="after")
    def _add_edge(self) -> "Config":
        """The edge tier is there unless a row says `enabled = false`."""
        if not any(tier.kind == "edge" for tier in self.tiers.values()):
            self.tiers["edge"] = EdgeTier(kind="edge")
        if not any(tier.enabled for tier in self.tiers.values()):
            raise ValueError("no tier is enabled")
        if not self.mqtt.enabled and self.http is None:
            raise ValueError("neither mqtt nor http is enabled")
        return self


def load(path: Path | None) -> Config:
    """Return the configuration in a file, or the default. Raises UserError that names the line."""
    if path is None:
        return Config()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeError) as e:
        why = getattr(e, "strerror", None) or str(e)
        raise UserError(f"cannot read {path}", why, "check the path after --config") from e
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise UserError(f"{path} is no TOML", str(e), "mend that line") from e
    try:
        return Config.model_validate(data)
    except ValidationError as e:
        raise _explain(path, text, e) from e


def _explain(path: Path, text: str, error: ValidationError) -> UserError:
    first = error.errors(include_url=False, include_input=False)[0]
    # pydantic puts the discriminator's value between a tier's name and its key
    place = [str(part) for part in first["loc"] if part not in ("edge", "openai", "[key]")]
    if first["loc"][:2] == ("tiers", "edge"):
        place.insert(1, "edge")
    key = ".".join(place) or "the file"
    line = find_line(text, place)
    where = f"{path}, line {line}" if line else str(path)
    more = error.error_count() - 1
    why = first["msg"] + (f" (and {more} more)" if more else "")
    return UserError(f"{where}: {key} is not right", why, "see docs/proxy.md for every key")


def find_line(text: str, place: list[str]) -> int:
    """Return the number of the line that sets a key, or of its nearest table; 0: neither."""
    table: list[str] = []
    nearest = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[+([^\]]+)\]+", line):
            table = [part.strip(" \"'") for part in header[1].split(".")]
            if table == place[: len(table)]:
                nearest = number
        elif (key := re.match(r"\s*([\w\"'.-]+)\s*=", line)) and place:
            full = table + [part.strip("\"'") for part in key[1].split(".")]
            if full == place[: len(full)]:
                return number
    return nearest


def secret(env: str | None, needed_by: str) -> str | None:
    """Return the secret in an environment variable, None if none is configured.

    Raises UserError if the variable is not set. The value is never put into a message.
    """
    if env is None:
        return None
    value = os.environ.get(env, "").strip()
    if not value:
        raise UserError(
            f"{needed_by} has no key",
            f"the environment variable {env} is not set",
            f"export {env}=... before `limpet-proxy serve`",
        )
    return value


def state_directory() -> Path:
    """Return where what must survive is kept: LIMPET_STATE, else the user's state directory."""
    if own := os.environ.get("LIMPET_STATE"):
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "limpet"
