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


data = click.option(
    "--data",
    type=Location(path_type=Path, file_okay=False),
    help="Data folder; default: EARWITNESS_DATA, else your user data folder.",
)


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
