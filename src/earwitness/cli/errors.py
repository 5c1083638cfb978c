"""Errors that a user can act on, said in one line; everything else keeps its traceback."""

import contextlib
import os
import sys
from collections.abc import Iterator

import click

CANNOT = 2
INTERRUPTED = 130


@contextlib.contextmanager
def expected() -> Iterator[None]:
    """End the process with a line on standard error instead of a traceback."""
    try:
        yield
        sys.stdout.flush()
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
    except (KeyboardInterrupt, click.Abort):
        print("interrupted: what was observed is kept, see `earwitness runs`", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Exception as problem:
        if not _is_for_the_user(problem):
            raise
        print(f"earwitness: {problem}", file=sys.stderr)
        sys.exit(CANNOT)


def _is_for_the_user(problem: Exception) -> bool:
    from earwitness.claims.registry import BrokenClaim, UnknownClaim
    from earwitness.library.adding import NotThere
    from earwitness.library.audio import NoRecording
    from earwitness.library.backup import NotABackup
    from earwitness.library.catalogue import NotInLibrary
    from earwitness.library.fetching.problems import NotFetched
    from earwitness.library.intake import NotReadable
    from earwitness.library.jobs import JobTaken
    from earwitness.library.recognition.engine import NoEngine, NotRecognised
    from earwitness.report.assembly import NothingRecorded
    from earwitness.store.errors import StoreError

    of_runs = BrokenClaim | UnknownClaim | NothingRecorded | StoreError
    of_library = NotInLibrary | NotReadable | NotThere | NotFetched | NoRecording | NotABackup
    of_jobs = JobTaken | NoEngine | NotRecognised
    return isinstance(problem, of_runs | of_library | of_jobs) or isinstance(problem, _of_snips())


def _of_snips() -> tuple[type[Exception], ...]:
    from earwitness.library.catalogue import NotInLibrary
    from earwitness.library.export.files import CannotExport
    from earwitness.library.intake import NotReadable
    from earwitness.library.moment import NoSuchMoment
    from earwitness.library.review.cards import NoSuchCard
    from earwitness.library.search.embedding.model import NoModel
    from earwitness.library.snip import NothingToUndo
    from earwitness.library.snip_catalogue import NoSuchSnip
    from earwitness.library.snips import ChangedMeanwhile

    return (
        ChangedMeanwhile,
        CannotExport,
        NoModel,
        NoSuchCard,
        NoSuchMoment,
        NoSuchSnip,
        NotInLibrary,
        NotReadable,
        NothingToUndo,
    )
