"""The one guarded session of a check of a directory: what is looked at is announced, and counted.

Looking reads what the kernel says of the directory's file system and devices, and opens no file in
it. Steps that write have to be asked for, say so in the plan, and are carried out by the probe that
announced them. The session holds the plan and the budget, and keeps the record.
"""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from earwitness.check.evidence import ReadRecord
from earwitness.check.plan import Budget, Step
from earwitness.check.target import NotATarget, NotSeen, Option, Target, TargetKind, Unreachable

_Answer = TypeVar("_Answer")

NAME = "directory"
BUDGET = Budget(seconds=30.0, steps=40, rows=0, step_seconds=30.0, lock_seconds=0.0)
"""No rows: what is read are the kernel's facts."""
_BEGINNINGS = ("/", "./", "../", "~")

OPTIONS = (
    Option(
        name="probe",
        help="also write to an unnamed file of 16 MiB, and time every way to sync it.",
    ),
    Option(
        name="plug-pull",
        value="HOST:PORT",
        attended=True,
        help="write until the power goes, told to `earwitness listen` there; after it "
        "is back, look what is missing.",
    ),
)


class Session:
    """A session that is open; made only by ``open_session``."""

    def __init__(self, path: Path, target: Target, budget: Budget, plan: Sequence[Step]) -> None:
        self.path = path
        """The directory, resolved."""
        self.options = target.options
        """What was asked for."""
        self.facts: Mapping[str, str] = {"path": str(path)}
        """What is known of it; a probe that knows more puts it here."""
        self.settings: Mapping[str, str] = {}
        """A directory has none."""
        self.record: Sequence[ReadRecord] = []
        """Every step that was carried out or tried."""
        self._plan = frozenset(plan)
        self._steps_left = budget.steps
        self._deadline = time.monotonic() + budget.seconds
        self._record: list[ReadRecord] = []
        self.record = self._record

    @property
    def seconds_left(self) -> float:
        """Of the budget."""
        return max(0.0, self._deadline - time.monotonic())

    def announced(self, name: str) -> Step | None:
        """The step of that name in the plan; None when nobody asked for it."""
        return next((step for step in self._plan if step.name == name), None)

    def look(self, step: Step, work: Callable[[], _Answer]) -> _Answer:
        """What the work of an announced step gives. Raises NotSeen, with the reason in one line."""
        if step not in self._plan:
            raise NotSeen(f"{step.name} is no step that was announced, and was not carried out")
        if self._steps_left == 0 or self.seconds_left == 0:
            raise NotSeen("the budget of this session is used up")
        self._steps_left -= 1
        begun = time.perf_counter()
        failure: NotSeen | None = None
        try:
            return work()
        except NotSeen as problem:
            failure = problem
            raise
        except OSError as problem:
            failure = NotSeen(f"{problem.strerror or problem}: {problem.filename or self.path}")
            raise failure from None
        finally:
            self._record.append(
                ReadRecord(
                    name=step.name,
                    text=step.text,
                    rows=0,
                    seconds=round(time.perf_counter() - begun, 6),
                    failed=None if failure is None else str(failure),
                )
            )

    def redact(self, text: str) -> str:
        """The text in one line; a directory has no secrets."""
        return " ".join(text.split())


def parse(address: str) -> Target | None:
    """The target of a path; None when it is none. Raises NotATarget for what is no directory."""
    if not address.startswith(_BEGINNINGS) and address != ".":
        _refuse_with_a_hint(address)
        return None
    if not _is_text(address):
        raise NotATarget("the name of this path is not UTF-8, and no document can hold it")
    try:
        path = Path(address).expanduser()
        other = path.exists() and not path.is_dir()
    except PermissionError:
        other = False  # it is said when it is opened
    except (RuntimeError, ValueError, OSError):  # nobody's home, a zero byte, a name too long
        raise NotATarget("this path is none on this machine") from None
    if other:
        raise NotATarget("this path is no directory")
    return Target(kind=NAME, shown=str(path), parameters={"path": str(path)})


def _refuse_with_a_hint(address: str) -> None:
    """NotATarget with how to say it, where a directory of this name is here."""
    try:
        here = _is_text(address) and Path(address).is_dir()
    except (ValueError, OSError):
        return
    if here:
        raise NotATarget(f"for the directory of that name here, say ./{address}")


def _is_text(path: str) -> bool:
    """Whether it can stand in a document; names of files need not."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


@contextlib.contextmanager
def open_session(target: Target, budget: Budget, plan: Sequence[Step]) -> Iterator[Session]:
    """A session that carries out the steps of ``plan``. Raises Unreachable."""
    try:
        path = Path(target.parameters["path"]).resolve(strict=True)
        path.stat()
    except OSError as problem:
        raise Unreachable(f"cannot look at {target.shown}: {problem.strerror}") from None
    except RuntimeError:  # before Python 3.13
        raise Unreachable(f"cannot look at {target.shown}: its links lead in a circle") from None
    if not _is_text(str(path)):
        raise Unreachable(f"{target.shown} leads to a name that is not UTF-8")
    yield Session(path, target, budget, plan)


DIRECTORY = TargetKind(
    name=NAME,
    title="Directory",
    example="/path/to/a/directory",
    parse=parse,
    budget=BUDGET,
    opening=lambda _budget: (),
    closing=(),
    open_session=open_session,
    options=OPTIONS,
)
