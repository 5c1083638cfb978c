"""What a judge says: findings and their severity, and what they come to for an exit code.

Plain frozen values. A finding owns its words, so that every format says the same.
"""

import enum
from collections.abc import Iterable

import msgspec


class Severity(enum.StrEnum):
    """How bad what was found would be, the worst first.

    A symptom is not damage: severity speaks of what happens and of what it takes to get there,
    both of which the statement of the finding has to say.
    """

    CRITICAL = "critical"
    """It is doing damage now."""
    HIGH = "high"
    """Ordinary operation can lead to an outage."""
    MEDIUM = "medium"
    """An outage or a loss of data needs unusual load, or one more fault."""
    LOW = "low"
    """A cost or a hidden limit; no damage follows from it alone."""
    INFO = "info"
    """Worth knowing; nothing to do."""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return tuple(Severity).index(self)

    def at_least(self, other: "Severity") -> bool:
        """Whether this is as bad as the other, or worse."""
        return self.rank <= other.rank


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where it is: ``kind`` says of what the name is ("table", "setting", "file", "server")."""

    kind: str
    name: str


class SourcePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a source file, counted from 1."""

    file: str
    """From the root of the repository, with / between folders."""
    line: int
    end_line: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found."""

    id: str
    """Of the sort of finding, not of the instance: ``partition-locks/exhaustion``."""
    claim: str
    severity: Severity
    title: str
    """The sort of finding in one line; the same for every instance."""
    statement: str
    """What was found here, in words and numbers, and what it would take to hurt."""
    fix: str
    location: Location | None = None
    evidence: tuple[str, ...] = ()
    """JSON Pointers (RFC 6901) into the evidence of the claim."""
    learn_more: str = ""
    """Address of a page that explains it."""
    statements: tuple[str, ...] = ()
    """The statements that it is about, without literals."""
    statement_places: tuple[SourcePlace, ...] = ()
    """Where these are written, in the source files that were searched."""
    table_places: tuple[SourcePlace, ...] = ()
    """Where the table of ``location`` is created, in the same."""

    @property
    def source_places(self) -> tuple[SourcePlace, ...]:
        """Where to go first: its statements, else its table; none where nothing was found."""
        return self.statement_places or self.table_places

    @property
    def related_places(self) -> tuple[SourcePlace, ...]:
        """Where the table is created, beside the statements."""
        return self.table_places if self.statement_places else ()


class Outcome(enum.IntEnum):
    """What a check came to; the value is the exit code."""

    CLEAR = 0
    """Everything essential was seen, and nothing is as bad as was asked for."""
    FOUND = 1
    """Something as bad as was asked for, or worse."""
    UNSEEN = 2
    """Something essential could not be seen, so nothing can be ruled out."""


def outcome(findings: Iterable[Finding], essential_unseen: bool, fail_on: Severity) -> Outcome:
    """What findings come to; one that is bad enough outweighs what was not seen."""
    if any(finding.severity.at_least(fail_on) for finding in findings):
        return Outcome.FOUND
    return Outcome.UNSEEN if essential_unseen else Outcome.CLEAR


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first; equally bad ones in the order given."""
    return tuple(sorted(findings, key=lambda finding: finding.severity.rank))
