"""The tiers: one file each, and the table that finds the file for a row of the configuration."""

from cloud_proxy.config import Config, EdgeTier
from cloud_proxy.tiers.base import Tier


def build(config: Config) -> dict[str, Tier]:
    """Return the enabled tiers by name, not started. Raises UserError: no key, or no price."""
    tiers: dict[str, Tier] = {}
    for name, row in config.tiers.items():
        if not row.enabled:
            continue
        if isinstance(row, EdgeTier):
            from cloud_proxy.tiers.edge import Edge

            tiers[name] = Edge(name, row)
        else:
            from cloud_proxy.tiers.openai_compatible import OpenAICompatible

            tiers[name] = OpenAICompatible(name, row)
    return tiers
