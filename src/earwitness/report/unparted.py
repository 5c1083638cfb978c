"""Numbers and their units kept in one line, on pages.

Only pages need it: text for a terminal or a file is copied and compared with ordinary spaces, so what is
said stays as ``words`` says it, and templates get it through here.
"""

import functools
import re
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

NO_BREAK = "\N{NO-BREAK SPACE}"

_BETWEEN = re.compile(
    r"(?<=\d) (?=(?:%|points|times|[k\N{MICRO SIGN}m]?s|min|h|d|[kMG]?B|[KMG]iB|[kMG]?Hz|months|years)(?!\w))"
)
"""A space between a digit and a unit; other words after a number may go into the next line."""


def unparted(text: str) -> str:
    """The text with a space that does not break between each number and its unit."""
    return _BETWEEN.sub(NO_BREAK, text)


def vocabulary(module: ModuleType) -> SimpleNamespace:
    """What the module offers, with functions that give text giving it unparted.

    Commands are left alone, because they are copied.
    """
    offered = {name: getattr(module, name) for name in module.__all__}
    return SimpleNamespace(
        **{name: _unparting(name, one) if callable(one) else one for name, one in offered.items()}
    )


def _unparting(name: str, said: Callable[..., object]) -> Callable[..., object]:
    if name.endswith("_command"):
        return said

    @functools.wraps(said)
    def say(*arguments: object, **named: object) -> object:
        text = said(*arguments, **named)
        return unparted(text) if isinstance(text, str) else text

    return say
