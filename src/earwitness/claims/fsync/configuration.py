"""What an arm of this claim stands for: a setting of SQLite, a drive, and what stops.

And what SQLite's documentation promises of the setting (sqlite.org/pragma.html, synchronous and
journal_mode), for the machine whose drive keeps what it has flushed. Values only.
"""

from dataclasses import dataclass

from earwitness.claims.fsync.outage import Drive, Stop
from earwitness.experiment.design import Arm


@dataclass(frozen=True)
class Mode:
    """``PRAGMA journal_mode`` and ``PRAGMA synchronous``, as SQLite spells them, in lower case."""

    journal: str
    synchronous: str


@dataclass(frozen=True)
class Promise:
    """``most_lost``: acknowledged commits that an outage may cost; None: any number.

    ``sound``: whether the database is intact afterwards, and what is missing is missing at the end.
    """

    most_lost: int | None
    sound: bool


@dataclass(frozen=True)
class Configuration:
    """An arm in the words of this claim."""

    mode: Mode
    drive: Drive
    stop: Stop

    @property
    def keeps_flushed(self) -> bool:
        """Whether what the drive called flushed is there after the outage."""
        return self.drive.honours_flush or self.drive.protected or self.stop is not Stop.POWER


def configuration(arm: Arm) -> Configuration:
    """Read an arm's settings; KeyError when one is missing."""
    chosen = arm.settings
    return Configuration(
        mode=Mode(journal=str(chosen["journal"]), synchronous=str(chosen["synchronous"])),
        drive=Drive(
            honours_flush=bool(chosen["honours_flush"]),
            protected=bool(chosen["protected"]),
            cache_writes=int(chosen["cache_writes"]),
        ),
        stop=Stop(str(chosen["stop"])),
    )


def promise(mode: Mode) -> Promise:
    """What the documentation promises of the mode.

    NORMAL is called safe from corruption in WAL mode only; a rollback journal is said to be at a
    very small risk. With FULL a deleted journal may come back and take the last commit with it,
    because the folder was not flushed after the deletion: that is what EXTRA adds.
    """
    match mode:
        case Mode(synchronous="off"):
            return Promise(most_lost=None, sound=False)
        case Mode(synchronous="normal"):
            return Promise(most_lost=None, sound=mode.journal == "wal")
        case Mode(journal="delete", synchronous="full"):
            return Promise(most_lost=1, sound=True)
        case _:
            return Promise(most_lost=0, sound=True)
