"""Saying a document on standard output: as JSON for programs, else in words."""

import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

_Document = TypeVar("_Document")


def say(document: _Document, format_: str, in_words: Callable[[_Document], None]) -> None:
    """The document in the format that was asked for; ``in_words`` prints it for people."""
    if format_ == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
    else:
        in_words(document)
