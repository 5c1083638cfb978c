"""The kinds of target that there are, and which of them an address belongs to."""

from earwitness.check import directory, mtls, postgresql_kind
from earwitness.check.target import NotATarget, Target, TargetKind

KINDS: tuple[TargetKind, ...] = (postgresql_kind.POSTGRESQL, directory.DIRECTORY, mtls.MTLS)


def recognise(address: str) -> tuple[TargetKind, Target]:
    """The kind of the address, and the target it names. Raises NotATarget."""
    for kind in KINDS:
        target = kind.parse(address)
        if target is not None:
            return kind, target
    # the address is not quoted: whatever it is, it may hold a password
    examples = ", ".join(kind.example for kind in KINDS)
    raise NotATarget(
        f"this is no address of a kind that can be checked; those there are: {examples}"
    )
