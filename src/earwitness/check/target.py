"""What a check points at, and what every kind of target has to offer.

A target kind reads an address, opens one guarded session, and enforces the budget there. Only the
values and the protocol stand here; each kind has a module of its own, and ``kinds`` lists them.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from earwitness.check.evidence import ReadRecord
from earwitness.check.plan import Budget, Step
from earwitness.check.redaction import Secrets


class NotATarget(ValueError):
    """An address that no kind understands; the message says why and quotes no secret."""


class Unreachable(Exception):
    """The target could not be reached or was lost; the message is one line without secrets."""


class NotSeen(Exception):
    """Something could not be read, with the reason; ``needs`` is the grant that would show it."""

    def __init__(self, reason: str, needs: str = "") -> None:
        super().__init__(reason)
        self.needs = needs


@dataclass(frozen=True)
class Target:
    """An address that was understood."""

    kind: str
    shown: str
    """The address as it may be shown and kept: without password, options and files."""
    parameters: Mapping[str, str] = field(repr=False)
    """What the kind connects with, secrets included."""
    secrets: Secrets = field(default=Secrets(), repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    """What was asked for besides looking, by name of an option of the kind; a flag is "yes"."""


@dataclass(frozen=True)
class Option:
    """Something that a check of one kind of target does only when it is asked to."""

    name: str
    """As on the command line, without dashes."""
    help: str
    value: str = ""
    """What its value is called; empty: it has none."""
    seconds: float = 0.0
    """What it adds to the time of a session, besides that of steps which are repeated for a time."""
    multiple: bool = False
    """Whether it may be given more than once; its values are then lines of one text."""
    attended: bool = False
    """Whether it is for somebody at a terminal of this machine: it takes its time, or leaves a file."""


class Session(Protocol):
    """What the runner asks of an open session; what probes ask is the affair of its kind."""

    @property
    def facts(self) -> Mapping[str, str]:
        """What is known of the target: version, role, rights."""

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that were read, by name."""

    @property
    def record(self) -> Sequence[ReadRecord]:
        """Every read that was carried out or tried, in order."""

    def redact(self, text: str) -> str:
        """The text in one line, without the secrets of this session."""


@dataclass(frozen=True)
class TargetKind:
    """One kind of target, as the functions that it consists of."""

    name: str
    """What a claim's probe names as its ``KIND``."""
    title: str
    """What such a target is called, for readers."""
    example: str
    """An address of this kind, for messages."""
    parse: Callable[[str], Target | None]
    """The target of an address; None when it is of another kind. Raises NotATarget."""
    budget: Budget
    """What a session may cost unless somebody says otherwise."""
    opening: Callable[[Budget], tuple[Step, ...]]
    """What the session itself sends before any probe."""
    closing: tuple[Step, ...]
    """What it sends at its end."""
    open_session: Callable[[Target, Budget, Sequence[Step]], AbstractContextManager[Session]]
    """A session that carries out these steps and no others. Raises Unreachable."""
    options: tuple[Option, ...] = ()
    demand: Callable[[Mapping[str, str]], None] = lambda _options: None
    """ValueError when these options, all of them together, cannot be meant, or one is missing."""
