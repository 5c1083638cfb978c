"""Our part of a Markdown note and the user's part of it: ours is renewed, theirs is kept.

Pure. A region of ours stands between two comments that name it; all other text is the user's, and so
is every key of the front matter that is not ours. A region moves with the text around it. One whose
end somebody removed has become the user's text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_BEGIN = "%% earwitness:begin {name} %%"
_END = "%% earwitness:end {name} %%"
_REGION = re.compile(
    r"^%% earwitness:begin (?P<name>[\w-]+) %%[ \t]*\r?\n(?P<text>.*?)"
    r"^%% earwitness:end (?P=name) %%[ \t]*(?=\r?$)",
    re.MULTILINE | re.DOTALL,
)
_MARK = re.compile(r"^(\s*)%% ?earwitness:(?=begin|end)", re.MULTILINE)
_STRAY = re.compile(r"^%% earwitness:(?:begin|end) [\w-]+ %%[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
_FRONT = re.compile(
    r"\A\ufeff?---[ \t]*\r?\n(?P<front>.*?)^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE | re.DOTALL
)
_KEY = re.compile(r"^([\w-]+):")
_GAP = "\n\n"


@dataclass(frozen=True)
class _Piece:
    """Text of the user (no name) or a region of ours, markers included."""

    text: str
    name: str | None = None


def merged(old: str | None, front: Mapping[str, str], regions: Sequence[tuple[str, str]]) -> str:
    """The note with these keys (as YAML writes their values) and these regions, in this order.

    ``old`` is the note as it stands, or None. Merging the same twice changes nothing.
    """
    kept, body = _split(old or "")
    keys = [f"{name}: {value}" for name, value in front.items()]
    head = "\n".join(["---", *keys, *_others(kept, front), "---"])
    pieces = _arranged(_pieces(body), regions)
    text = "".join(piece.text for piece in pieces)
    return f"{head}\n{text}" if text.endswith("\n") else f"{head}\n{text}\n"


def front_value(text: str, key: str) -> str | None:
    """What the front matter has for that key, as it is written; None without it."""
    kept, _ = _split(text)
    found = re.search(rf"^{re.escape(key)}:[ \t]*(.*?)[ \t]*\r?$", kept, re.MULTILINE)
    return found[1] if found else None


def shielded(text: str) -> str:
    """Text in which no line is a marker of ours."""
    return _MARK.sub(r"\1%\\% earwitness:", text)


def _split(text: str) -> tuple[str, str]:
    match = _FRONT.match(text)
    return (match["front"], text[match.end() :]) if match else ("", text)


def _others(front: str, ours: Mapping[str, str]) -> list[str]:
    """The lines of the front matter that belong to keys that are not ours."""
    lines, keeping = [], True
    text = front.replace("\r\n", "\n").removesuffix("\n")
    for line in text.split("\n") if text else ():
        key = _KEY.match(line)
        keeping = key[1] not in ours if key else keeping
        if keeping:
            lines.append(line)
    return lines


def _pieces(body: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    known: set[str] = set()
    end = 0
    for match in _REGION.finditer(body):
        pieces.append(_Piece(_STRAY.sub("", body[end : match.start()])))
        if match["name"] in known:  # a copy is the user's
            pieces.append(_Piece(_STRAY.sub("", match[0] + "\n")))
        else:
            pieces.append(_Piece(match[0], match["name"]))
        known.add(match["name"])
        end = match.end()
    return [*pieces, _Piece(_STRAY.sub("", body[end:]))]


def _arranged(pieces: list[_Piece], regions: Sequence[tuple[str, str]]) -> list[_Piece]:
    wanted = dict(regions)
    there = {piece.name for piece in pieces}
    result = _without({name for name in there if name and name not in wanted}, pieces)
    after: str | None = None
    for name, text in regions:
        body = f"{shielded(text)}\n" if text else ""
        piece = _Piece(f"{_BEGIN.format(name=name)}\n{body}{_END.format(name=name)}", name)
        if name in there:
            result = [piece if one.name == name else one for one in result]
        else:
            place = next((n + 1 for n, one in enumerate(result) if after and one.name == after), 0)
            result[place:place] = [_Piece(_GAP), piece] if place else [piece, _Piece(_GAP)]
        after = name
    return result


def _without(names: set[str], pieces: list[_Piece]) -> list[_Piece]:
    """Without these regions; of the blank lines on both sides of one, those after it go too."""
    result: list[_Piece] = []
    gone = False
    for piece in pieces:
        if piece.name in names:
            gone = True
            continue
        blank = gone and piece.name is None and not piece.text.strip()
        gone = False
        result.append(_Piece("") if blank else piece)
    return result
