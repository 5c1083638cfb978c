"""What a check would do, before it does anything: steps, and the budget that they share.

Plain frozen values. A step is written down in full where a claim states what it reads, is printed
by ``--plan``, and is the only thing that a session carries out. No I/O lives here.
"""

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One read: exactly what is sent to the target."""

    name: str
    """Short and unique within the kind: ``partition-trees``."""
    purpose: str
    """What it is read for, as the rest of "reads ..."."""
    text: str
    """The statement or request itself.

    What only the target can say stands in angle brackets and is said in the purpose: a name that is
    filled in quoted, or a statement that is planned and never executed.
    """
    needs: str = ""
    """The grant that shows it where it is refused; empty when everybody may read it."""
    seconds: float = 0.0
    """For how long it is repeated; 0: it is sent once."""
    hertz: float = 0.0
    """How often in a second it is repeated."""
    times: int = 1
    """How often it is sent at the most, each time about something else."""
    writes: str = ""
    """What it writes, in bytes and files; empty: nothing."""


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What one session may cost its target; enforced by the session, not by its probes."""

    seconds: float
    """From the opened session to its end; then the connection is cut."""
    steps: int
    """Reads of probes; those that open and close the session are not counted."""
    rows: int
    """Rows received in all."""
    step_seconds: float
    """Longest time of one read; the target itself cancels it then."""
    lock_seconds: float
    """Longest wait for a lock; the target itself gives up then."""
    plannings: int = 0
    """Statements of others that the target may be asked to plan; none is executed."""
    planning_seconds: float = 0.0
    """After so long in all it is asked to plan no further one."""


class PlannedCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim reads."""

    claim: str
    title: str
    steps: tuple[Step, ...]
