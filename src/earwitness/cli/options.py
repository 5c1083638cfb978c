"""Options that several verbs share, so that they are called the same everywhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)

data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
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
