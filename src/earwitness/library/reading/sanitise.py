"""HTML from outside, made fit to be shown: no script, no style, no picture, no address but of the web.

The work is done by nh3. Pictures are left out because loading one tells its server who reads what.
Addresses of links are made absolute here, as nh3 lets those pass that leave their scheme to the page
they stand on. Text that consists of plain paragraphs, line breaks and links, as most descriptions
do, is recognised by one expression and needs no parser; a test holds both ways to the same result.
"""

import functools
import html
import re
import urllib.parse

import nh3

from earwitness.library.show import Link

TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "cite",
        "code",
        "dd",
        "del",
        "dl",
        "dt",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
_WITHOUT_CONTENT = {"script", "style", "iframe", "object", "svg", "math", "template", "noscript"}
_SCHEMES = {"http", "https"}
_MOST_WORDS = 5_000
"""Characters."""
_REL = "noopener noreferrer nofollow"
_LONGEST_ADDRESS = 4096
"""Characters; browsers and servers agree on no more than about this."""

is_usual_address = re.compile(
    r"https?://[a-z0-9-][a-z0-9.-]{0,252}(?::\d{1,5})?(?:[/?#][!#-;=?-Z_a-z~]{0,2000})?", re.ASCII
).fullmatch
"""Whether ``address`` would return it as it is; a test holds both ways to the same result."""

_is_path = re.compile(r"[\w-]+(?:[./][\w-]+)*", re.ASCII).fullmatch

_TEXT = r"[^<>&\x00\r\xa0]++"
_ENTITY = r"&(?:amp|lt|gt|nbsp);"
_RUN = rf"(?:{_TEXT}|{_ENTITY})*+"
_LINK = (
    r'<a href="https?://[a-z0-9.-]++(?:/[\w.~/=,;+-]*+(?:\?[\w.~/=,;+-]*+)?(?:#[\w.~/-]*+)?)?"'
    rf'(?: rel="[\w ]*+")?(?: target="_blank")?>{_RUN}</a>'
)
_INLINE = rf"(?:{_TEXT}|{_ENTITY}|<br ?/?>|{_LINK}|<(?:em>{_RUN}</em|strong>{_RUN}</strong)>)*+"
is_plain = re.compile(
    rf"(?:{_TEXT}|{_ENTITY}|<br ?/?>|{_LINK}|<p>{_INLINE}</p>"
    rf"|<ul>(?:\s|<li>{_INLINE}</li>)*+</ul>)*+",
    re.ASCII,
).fullmatch
"""Whether HTML is of the few tags and links that need no parser."""
_ANCHOR = re.compile(r'(<a href="[^"]*+")[^>]*+>')
_LABELLED = re.compile(r'<a href="([^"]*)"[^<>]*>(.*?)</a>', re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_LINE_END = re.compile(
    r"</?(?:p|div|li|tr|ul|ol|dl|dt|dd|h[1-6]|blockquote|pre|table)\b[^<>]*>|<br>"
)
_WEB = re.compile(r"https?://[^\s<>\"]+")
_BLANKS = re.compile(r"[ \t\xa0\r\f\v]+")


def clean(text: str, base: str | None = None) -> str:
    """HTML with nothing in it that runs, loads or tracks; relative links resolved against ``base``."""
    if is_plain(text):
        # each bracket is one of a tag, and only links have attributes
        if "/>" in text:
            text = text.replace("<br />", "<br>").replace("<br/>", "<br>")
        if '" ' in text:
            text = _ANCHOR.sub(r"\1>", text)
        return text.replace('">', f'" rel="{_REL}">')
    return with_nh3(text, base)


def with_nh3(text: str, base: str | None = None) -> str:
    """The same by the parser, whatever the text is."""
    return nh3.clean(
        text.replace("\x00", ""),
        tags=set(TAGS),
        clean_content_tags=_WITHOUT_CONTENT,
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, name, value: (
            address(value, base) if name == "href" else value
        ),
        url_schemes=_SCHEMES,
        link_rel=_REL,
    )


def address(text: str | None, base: str | None = None) -> str | None:
    """An absolute address of the web, or None. One without a scheme needs ``base``."""
    if not text:
        return None
    if is_usual_address(text):
        return text
    text = text.strip()
    if not 0 < len(text) <= _LONGEST_ADDRESS or not text.isprintable():
        return None
    try:
        if base and not text.startswith(("//", "\\", "/\\")):
            text = _joined(base, text)
            if is_usual_address(text):
                return text
        parts = urllib.parse.urlsplit(text)
        if parts.scheme not in _SCHEMES or not parts.hostname or "\\" in parts.netloc:
            return None
    except ValueError:
        return None
    return text.replace(" ", "%20")


def _joined(base: str, text: str) -> str:
    """An address that is relative to another; the short way is for plain names and paths."""
    return _folder(base) + text if _is_path(text) else urllib.parse.urljoin(base, text)


@functools.lru_cache(maxsize=16)
def _folder(base: str) -> str:
    return urllib.parse.urljoin(base, ".")


def plain(text: str) -> str:
    """The text of sanitised HTML, with a line for each block."""
    if "<" in text:
        text = _TAG.sub("", _LINE_END.sub("\n", text.replace("\n", " ")))
    text = _BLANKS.sub(" ", html.unescape(text))
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def words_of(text: str) -> str:
    """HTML that shows the words of what may be any HTML, without looking at what its tags mean."""
    return escaped(" ".join(html.unescape(_TAG.sub(" ", text[:_MOST_WORDS])).split()))


def escaped(text: str) -> str:
    """Plain text as HTML that shows it."""
    return html.escape(text, quote=False).replace("\n", "<br>")


def links(text: str) -> tuple[Link, ...]:
    """The links of sanitised HTML or of text, each address once, in order."""
    if "http" not in text:
        return ()
    found: dict[str, str] = {}
    parts = _LABELLED.split(text)
    for url, label in zip(parts[1::3], parts[2::3], strict=True):
        words = " ".join(html.unescape(_TAG.sub(" ", label) if "<" in label else label).split())
        found.setdefault(html.unescape(url), words)
    between = " ".join(parts[::3])
    if "http" in between:
        for match in _WEB.finditer(_TAG.sub(" ", between)):
            if bare := address(html.unescape(bare_address(match[0]))):
                found.setdefault(bare, "")
    return tuple(Link(url=url, label=_label(url, label)) for url, label in found.items())


def bare_address(text: str) -> str:
    """An address found in running text, without the sentence's own punctuation behind it."""
    if len(text) > _LONGEST_ADDRESS:
        return text
    text = text.rstrip(".,;:!?'\"*_>]}")
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1].rstrip(".,;:!?")
    return text


def _label(url: str, label: str) -> str:
    """What it was called; the name of the server where it was not."""
    if label and not label.startswith(("http://", "https://")):
        return label
    return (urllib.parse.urlsplit(url).hostname or url).removeprefix("www.")
