"""Budgets that operators have set, beside those of the configuration, and which of them hold.

A budget is known by its scope and its window, a group's by the group's name too. What is set
stands in for what the configuration says of the same; everything else that it says holds on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from cloud_proxy.config import BudgetRow

MOST = 100  # budgets that may be set
MOST_PATTERNS = 100  # of the devices of one
MOST_PATTERN = 64  # characters

Key = tuple[str, str, str]  # scope, the group's name or "", window


@dataclass(frozen=True, slots=True)
class Order:
    """A budget, who set it and when (Unix time)."""

    row: BudgetRow
    by: str
    at_s: int


Orders = Mapping[Key, Order]


def key_of(row: BudgetRow) -> Key:
    """Return by what a budget is known."""
    return row.scope, str(row.name) if row.scope == "group" else "", row.per


def in_force(configured: Sequence[BudgetRow], orders: Orders) -> list[BudgetRow]:
    """Return the budgets that hold."""
    kept = [row for row in configured if key_of(row) not in orders]
    return kept + [order.row for order in orders.values()]


def encode(orders: Orders) -> str:
    """Return what is kept of orders."""
    rows = [
        {**o.row.model_dump(exclude_defaults=True), "by": o.by, "at": o.at_s}
        for o in orders.values()
    ]
    return json.dumps({"v": 1, "budgets": rows}, indent=1)


def decode(text: str) -> dict[Key, Order]:
    """Return the orders in what was kept; "" has none. Raises ValueError."""
    if not text:
        return {}
    try:
        body: Any = json.loads(text)
        if body["v"] != 1:
            raise ValueError("a later version of limpet-proxy wrote it")
        orders: dict[Key, Order] = {}
        for fields in body["budgets"]:
            by, at_s = str(fields.pop("by")), int(fields.pop("at"))
            row = BudgetRow.model_validate(fields)
            orders[key_of(row)] = Order(row, by, at_s)
    except (KeyError, TypeError, AttributeError, RecursionError, ValidationError) as e:
        raise ValueError(f"it is not what limpet-proxy writes: {e}") from e
    return orders
