"""What holds for every connection of a tenant, whoever it is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from actors.conduct import ConductRules
from actors.liveness import LivenessRules
from actors.pairing import HoldRules
from actors.resume import ResumeRules

__all__ = ["PeerRules"]

_NONE_TOLD: Mapping[str, float] = MappingProxyType({})


class PeerRules(NamedTuple):
    """With `hold`, for v1 clients, candidates that come too early are held.

    For v2 clients: `resume` says how a place is kept over a lost connection, and `limits` are those that they are told, by their keys.
    """

    liveness: LivenessRules
    conduct: ConductRules
    hold: HoldRules | None
    resume: ResumeRules
    limits: Mapping[str, float] = _NONE_TOLD
