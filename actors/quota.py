"""Quotas: who is refused because a bound on peers or groups is met is counted, by the bound and by the tenant, and told to operators."""

from actors.audit import Audit
from actors.messages import GroupKey, Join
from actors.ports import Metrics
from actors.reasons import ErrorCode

__all__ = ["PEERS_PER_GROUP", "PEERS_PER_TENANT", "tell_over_quota"]

PEERS_PER_GROUP = "peers_per_group"
PEERS_PER_TENANT = "peers_per_tenant"
"""Quotas by their keys in the config, which are the labels of the metric."""

audit = Audit("actors")


def tell_over_quota(metrics: Metrics, key: GroupKey, join: Join, code: ErrorCode, quota: str) -> None:
    """Note a join that is refused with `code`, because `quota` is met."""
    audit.tell("over quota", tenant=key.tenant, reason=code, group=key.group_id, peer=join.peer_id, address=join.address)
    metrics.increment("quota_refusals", quota)
    metrics.increment("tenant_refusals", key.tenant)
