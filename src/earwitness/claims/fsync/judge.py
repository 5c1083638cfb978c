"""From what the probes of this claim saw to findings. Pure.

A drive that lies cannot be found out by looking, and one that does not cannot be proved: nothing
here says that a disk is honest. What is certain is a flush that is never sent, because flushes are
counted; what is strong is one that returns sooner than the medium can.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from earwitness.check.finding import Finding
from earwitness.claims.fsync import judge_place, judge_server
from earwitness.claims.fsync.evidence import Durability, ServerDurability


def judge(evidence: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings for the evidence, as JSON has it. msgspec.ValidationError when it is none."""
    seen: Durability = msgspec.convert(evidence, Durability)
    if isinstance(seen, ServerDurability):
        return judge_server.findings(seen)
    return judge_place.findings(seen)
