"""A snip as a picture to share: the quote, who said it where, as one SVG.

Pure. The picture follows the reader's light or dark theme by its own style sheet, names no font that
has to be fetched, and loads nothing. Text is broken into lines here, because SVG cannot; the widths
of letters are estimates for a serif face, on the wide side.
"""

import unicodedata
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from earwitness.library import moment
from earwitness.library.snip import Snip

WIDTH = 1200
LEAST_HEIGHT = 630
"""The shape of a picture beside a link, where the text leaves room."""
_MARGIN = 96
_TEXT_WIDTH = WIDTH - 2 * _MARGIN
_SIZES = ((120, 60), (260, 48), (520, 38), (10**9, 30))
"""Longest text, in characters, and size of its letters."""
_LEADING = 1.38
_LONGEST = 1600
"""Characters of a quote that are shown; the rest is left out, with an ellipsis."""
_NARROW = frozenset("iIjlt.,;:'!|()[]{}/\\-\N{RIGHT SINGLE QUOTATION MARK}fr ")
_WIDE = frozenset("mwMWQO@%&\N{EM DASH}")

_STYLE = """
.paper{fill:#fbf8f3}.rule{fill:#b4532a}.mark{fill:#b4532a;opacity:.22}
.said{fill:#1f1b16}.who{fill:#1f1b16}.where{fill:#6b6257}.sign{fill:#b4532a}
text{font-family:Georgia,'Iowan Old Style','Noto Serif','DejaVu Serif',serif}
.who,.where,.sign{font-family:system-ui,'Segoe UI',Roboto,'Noto Sans','DejaVu Sans',sans-serif}
@media (prefers-color-scheme:dark){
.paper{fill:#1b1916}.said,.who{fill:#f2ece3}.where{fill:#a89e90}
.rule,.mark,.sign{fill:#e58b5f}}
""".strip().replace("\n", "")


def draw(one: Snip) -> str:
    """The picture of a snip: its quote, else its title, note or chapter."""
    contents = one.contents
    told = contents.quote or contents.title or contents.note or contents.chapter
    said = _clean(told or one.episode_title)
    if len(said) > _LONGEST:
        said = said[:_LONGEST].rsplit(" ", 1)[0] + "\N{HORIZONTAL ELLIPSIS}"
    size = next(size for longest, size in _SIZES if len(said) <= longest)
    lines = [line for part in said.split("\n") for line in wrapped(part, _TEXT_WIDTH / size)]
    text_height = round(len(lines) * size * _LEADING)
    height = max(LEAST_HEIGHT, text_height + 400)
    top = 196 + max(0, (LEAST_HEIGHT - 400 - text_height) // 2)
    parts = [
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        f'<rect class="rule" width="12" height="{height}"/>',
        f'<text class="mark" x="{_MARGIN - 14}" y="226" font-size="240">\N{LEFT DOUBLE QUOTATION MARK}</text>',
        _lines(lines, "said", size, top + size // 2),
        *_footer(one, height),
    ]
    name = quoteattr(f"Quote from {_clean(one.episode_title, one_line=True)}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label={name}><style>{_STYLE}</style>'
        f"{''.join(parts)}</svg>\n"
    )


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines of at most so many times the size of a letter; long words are broken."""
    lines, current = [], ""
    for word in text.split():
        longer = f"{current} {word}" if current else word
        if length(longer) <= width:
            current = longer
            continue
        if current:
            lines.append(current)
        current = word
        while length(current) > width:
            cut = _fitting(current, width)
            lines.append(current[:cut])
            current = current[cut:]
    return [*lines, current] if current else lines or [""]


def length(text: str) -> float:
    """Estimated length of a text, in sizes of a letter."""
    return sum(_letter(letter) for letter in text)


def _letter(letter: str) -> float:
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or letter in _WIDE:
        return 1.0
    if letter in _NARROW:
        return 0.36
    return 0.74 if letter.isupper() else 0.58


def _fitting(word: str, width: float) -> int:
    """How many letters fit into a line; at least one."""
    total = 0.0
    for count, letter in enumerate(word):
        total += _letter(letter)
        if total > width:
            return max(1, count)
    return len(word)


def _footer(one: Snip, height: int) -> list[str]:
    title = wrapped(_clean(one.episode_title, one_line=True), _TEXT_WIDTH / 30)
    first = title[0] + ("\N{HORIZONTAL ELLIPSIS}" if len(title) > 1 else "")
    line = _clean(one.show_title, one_line=True)
    details = [one.contents.chapter] if one.contents.chapter else []
    if one.contents.start_seconds is not None:
        details.insert(0, f"at {moment.clock(one.contents.start_seconds)}")
    for detail in details:  # as many as the line has room for
        longer = f"{line} \N{MIDDLE DOT} {_clean(detail, one_line=True)}"
        line = longer if length(longer) * 24 <= _TEXT_WIDTH - 160 else line
    line = wrapped(line, (_TEXT_WIDTH - 160) / 24)[0]
    return [
        f'<rect class="rule" x="{_MARGIN}" y="{height - 156}" width="72" height="4"/>',
        _lines([first], "who", 30, height - 104, weight="600"),
        _lines([line], "where", 24, height - 62),
        f'<text class="sign" x="{WIDTH - _MARGIN}" y="{height - 62}" font-size="22" '
        'text-anchor="end">earwitness</text>',
    ]


def _lines(lines: Sequence[str], style: str, size: int, top: int, weight: str = "400") -> str:
    spans = "".join(
        f'<tspan x="{_MARGIN}" y="{top + round(place * size * _LEADING)}">{escape(line)}</tspan>'
        for place, line in enumerate(lines)
    )
    return f'<text class="{style}" font-size="{size}" font-weight="{weight}">{spans}</text>'


def _clean(text: str, *, one_line: bool = False) -> str:
    """Without what XML cannot hold; blanks in a row are one."""
    lines = ("".join(map(_held, line)) for line in text.splitlines())
    said = [" ".join(line.split()) for line in lines]
    return (" " if one_line else "\n").join(filter(None, said)).strip()


def _held(letter: str) -> str:
    category = unicodedata.category(letter)
    return " " if category in ("Cc", "Cs") or letter in "\ufffe\uffff" else letter
