"""Options that several verbs share, so that they are called the same everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness.experiment import budget as budgets

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)


class Seconds(click.ParamType[float]):
    """A duration such as 60s or 2m."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds of the text; a usage error when it is no duration."""
        try:
            return budgets.seconds_of(str(value))
        except ValueError as problem:
            self.fail(str(problem), param, ctx)


class Name(click.ParamType[str]):
    """What something is called; an empty one, as of a variable that is not set, is refused."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """The text; a usage error when there is none in it."""
        text = str(value)
        if not text.strip():
            self.fail("is empty: give a name, or leave it out", param, ctx)
        return text


class Location(click.Path):
    """A file or a folder; an empty one would be the current folder, and is refused."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """What ``click.Path`` gives; a usage error for an empty one."""
        if not str(value).strip():
            self.fail("is empty: name a file or a folder", param, ctx)
        return super().convert(value, param, ctx)


_DATA_OF_ALL = "earwitness.data"


def _named_before(
    context: click.Context, _parameter: click.Parameter, folder: Path | None
) -> Path | None:
    """The folder given here, else the one given before the name of a subcommand."""
    if folder is not None:
        context.meta[_DATA_OF_ALL] = folder  # one mapping for a command and those below it
    named: Path | None = context.meta.get(_DATA_OF_ALL)
    return named


_HELP_OF_DATA = "Data folder; default: EARWITNESS_DATA, else your user data folder."

data = click.option(
    "--data",
    type=Location(path_type=Path, file_okay=False),
    callback=_named_before,
    help=_HELP_OF_DATA,
)
data_of_all = click.option(
    "--data",
    type=Location(path_type=Path, file_okay=False),
    callback=_named_before,
    expose_value=False,
    help=_HELP_OF_DATA,
)
"""The same of a group, for all of its commands."""


def output_format(*formats: str) -> Callable[[_Command], _Command]:
    """``--format`` with the given choices; the first one is the default."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="What standard output gets.",
    )
