"""Renders notes from templates, the package's own or a user's, which cannot break an export.

A template is a Jinja file that defines some of the blocks ``head``, ``snip``, ``notes`` and
``transcript``; what it does not define is taken from the package's own. It runs in Jinja's sandbox and
sees plain values only. When any block of it fails for a note (an unknown name, a mistake, a division
by zero), that note is rendered by the package's own template, and the reason is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.exceptions import TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from earwitness.library import moment
from earwitness.library.export import prose

BLOCKS = ("head", "snip", "notes", "transcript")
_LONGEST = 20_000_000
"""Characters of one block; more is a mistake of the template, a note of that size is of no use."""

Values = Mapping[str, Any]


class BrokenTemplate(Exception):
    """A template that cannot render a note; the message is one line."""


@dataclass(frozen=True)
class Templates:
    """The template of a user, where there is one, and the package's own."""

    own: Template
    chosen: Template | None = None

    def render(self, blocks: list[tuple[str, Values]]) -> tuple[list[str], str | None]:
        """The text of each block, and why the user's template was not used, if it was not."""
        if self.chosen is None:
            return [_block(self.own, name, values) for name, values in blocks], None
        try:
            return [self._either(name, values) for name, values in blocks], None
        except BrokenTemplate as problem:
            return [_block(self.own, name, values) for name, values in blocks], str(problem)

    def _either(self, name: str, values: Values) -> str:
        assert self.chosen is not None
        template = self.chosen if name in self.chosen.blocks else self.own
        return _block(template, name, values)


def load(own: str, chosen: str | None) -> tuple[Templates, str | None]:
    """The templates, with the package's own of that name, and why the user's is not used."""
    folder = resources.files("earwitness.library.export") / "templates"
    default = _environment().from_string((folder / own).read_text(encoding="utf-8"))
    if chosen is None:
        return Templates(default), None
    try:
        template = _environment().from_string(chosen)
    except TemplateSyntaxError as problem:
        return Templates(default), f"line {problem.lineno}: {problem.message}"
    except (ValueError, RecursionError, MemoryError, SyntaxError) as problem:
        return Templates(default), _reason(problem)
    if not set(BLOCKS) & set(template.blocks):
        return Templates(default), f"it defines none of the blocks {', '.join(BLOCKS)}"
    return Templates(default, template), None


def _block(template: Template, name: str, values: Values) -> str:
    parts, total = [], 0
    try:
        for part in template.blocks[name](template.new_context(dict(values))):
            parts.append(part)
            total += len(part)
            if total > _LONGEST:
                break
    except Exception as problem:  # whatever somebody's template does, the other notes go on
        raise BrokenTemplate(f"block {name}: {_reason(problem)}") from problem
    if total > _LONGEST:
        raise BrokenTemplate(f"block {name}: it writes more than {_LONGEST} characters")
    return "".join(parts).strip()


def _reason(problem: Exception) -> str:
    return " ".join(str(problem).split()) or type(problem).__name__


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # Markdown, not HTML; the filters below make outside text harmless
    )
    environment.filters.update(
        clock=moment.clock, escaped=prose.escaped, quoted=prose.quoted, link=prose.link
    )
    return environment
