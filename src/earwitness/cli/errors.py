"""Errors that a user can act on, said in one line; everything else keeps its traceback."""

import contextlib
import os
import sys
from collections.abc import Iterator

import click

from earwitness.trouble import Trouble

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
    except (KeyboardInterrupt, click.Abort) as stop:
        print("; ".join(("interrupted", *_notes(stop))), file=sys.stderr)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # whoever read our output has seen enough; the interpreter must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except Trouble as problem:
        print(f"earwitness: {problem.at_a_command_line}", file=sys.stderr)
        sys.exit(CANNOT)


def _notes(stop: BaseException) -> list[str]:
    """What those that were interrupted have to say of it; click raises its own instead of theirs."""
    own = [note for one in (stop, stop.__cause__) for note in getattr(one, "__notes__", ())]
    return list(dict.fromkeys(own))
