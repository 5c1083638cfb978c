"""Which claims are installed, and where their furniture stands.

Finds entry points of the group ``earwitness.claims``; each names a ``CLAIM`` value in a module
``claim``. Its siblings ``experiment``, ``probe`` and ``judge`` are imported on demand, so that
listing claims starts nothing and imports no server. A claim that looks at several kinds of target
has one probe for each: in ``probe``, and in modules whose names begin with ``probe_``.
"""

import importlib
import importlib.util
import pkgutil
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from earwitness.check.runner import Check, Judge
from earwitness.experiment.bench import OpenBench
from earwitness.experiment.design import Claim
from earwitness.trouble import Trouble

GROUP = "earwitness.claims"


class UnknownClaim(Trouble, LookupError):
    """No installed package brings a claim of that id; the message lists those there are."""


class BrokenClaim(Trouble):
    """A package announces a claim that cannot be loaded; the message says which and why."""


@dataclass(frozen=True)
class InstalledClaim:
    """A claim and the package that brings it."""

    claim: Claim
    package: str
    """The import package whose modules ``claim`` and ``experiment`` belong together, and ``probe`` and ``judge``."""
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

    @property
    def checks(self) -> tuple[Check, ...]:
        """What all its probes bring, one for each kind of target. Raises BrokenClaim."""
        package = importlib.util.find_spec(self.package)
        folders = package.submodule_search_locations if package is not None else None
        names = sorted(module.name for module in pkgutil.iter_modules(folders or []))
        probes = [name for name in names if name == "probe" or name.startswith("probe_")]
        return tuple(self._check(f"{self.package}.{name}") for name in probes)

    def _check(self, module: str) -> Check:
        try:
            probe = importlib.import_module(module)
            return Check(
                claim=self.claim.id,
                title=self.claim.title,
                kind=probe.KIND,
                plan=tuple(probe.PLAN),
                probe=probe.probe,
                judge=self.judge,
                asked=getattr(probe, "asked", None),
                recall=getattr(probe, "recall", None),
            )
        except (ImportError, AttributeError, ValueError) as problem:
            raise BrokenClaim(f"claim {self.claim.id}: {module}: {problem}") from problem

    @property
    def judge(self) -> Judge:
        """The claim's judge, without its probe; BrokenClaim when the sibling module fails."""
        module = f"{self.package}.judge"
        try:
            judge: Judge = importlib.import_module(module).judge
        except (ImportError, AttributeError) as problem:
            raise BrokenClaim(f"claim {self.claim.id}: {module}: {problem}") from problem
        return judge


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


def checks(kind: str) -> tuple[tuple[Check, ...], dict[str, str]]:
    """What all claims bring to a check of that kind of target, and why some cannot, by id."""
    found: list[Check] = []
    broken = {}
    for id in ids():
        try:
            found += [check for check in find(id).checks if check.kind == kind]
        except BrokenClaim as problem:
            broken[id] = str(problem)
    return tuple(found), broken


def targets(id: str) -> frozenset[str]:
    """The kinds of target that the claim can be looked for in; none when it cannot be loaded."""
    try:
        return frozenset(check.kind for check in find(id).checks)
    except (UnknownClaim, BrokenClaim):
        return frozenset()


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
