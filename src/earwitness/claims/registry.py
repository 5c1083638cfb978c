"""Which claims are installed, and where their furniture stands.

Finds entry points of the group ``earwitness.claims``; each names a ``CLAIM`` value in a module
``claim``. Its sibling ``experiment`` is imported on demand, so that listing claims starts nothing
and imports no server.
"""

import importlib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from earwitness.experiment.bench import OpenBench
from earwitness.experiment.design import Claim

GROUP = "earwitness.claims"


class UnknownClaim(LookupError):
    """No installed package brings a claim of that id; the message lists those there are."""


class BrokenClaim(Exception):
    """A package announces a claim that cannot be loaded; the message says which and why."""


@dataclass(frozen=True)
class InstalledClaim:
    """A claim and the package that brings it."""

    claim: Claim
    package: str
    """The import package whose modules ``claim`` and ``experiment`` belong together."""
    distribution: str

    @property
    def open_bench(self) -> OpenBench:
        """The claim's way to its servers; BrokenClaim when the sibling module fails."""
        module = f"{self.package}.experiment"
        try:
            opener: OpenBench = importlib.import_module(module).open_bench
        except (ImportError, AttributeError) as problem:
            raise BrokenClaim(f"claim {self.claim.id}: {module}: {problem}") from problem
        return opener


def ids() -> tuple[str, ...]:
    """The ids of all installed claims, without importing any."""
    return tuple(sorted(entry.name for entry in entry_points(group=GROUP)))


def find(id: str) -> InstalledClaim:
    """The installed claim of that id; raises UnknownClaim or BrokenClaim."""
    for entry in entry_points(group=GROUP):
        if entry.name == id:
            return _load(entry)
    raise UnknownClaim(f"there is no claim {id!r}; installed are: {', '.join(ids())}")


def loadable() -> tuple[dict[str, Claim], dict[str, str]]:
    """All claims that can be loaded, by id, and why the others cannot."""
    claims, broken = {}, {}
    for id in ids():
        try:
            claims[id] = find(id).claim
        except BrokenClaim as problem:
            broken[id] = str(problem)
    return claims, broken


def _load(entry: EntryPoint) -> InstalledClaim:
    try:
        claim = entry.load()
    except (ImportError, AttributeError) as problem:
        raise BrokenClaim(f"claim {entry.name}: {entry.value}: {problem}") from problem
    if not isinstance(claim, Claim) or claim.id != entry.name:
        raise BrokenClaim(f"claim {entry.name}: {entry.value} is not a Claim of that id")
    return InstalledClaim(
        claim=claim,
        package=entry.module.rpartition(".")[0],
        distribution=entry.dist.name if entry.dist else "unknown",
    )
