import html
import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.reading import sanitise

PROBES = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="//evil.example/">x</a>',
    '<a href="\\\\evil.example">x</a>',
    '<a href="/\\evil.example">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    '<a href="https://a.example/" onclick="alert(1)">x</a>',
    "<svg><script>alert(1)</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<iframe src="https://evil.example/"></iframe>',
    '<style>@import "https://evil.example/";</style>',
    '<p style="background:url(https://evil.example/)">x</p>',
    '<form action="https://evil.example/"><input name=a></form>',
    '<base href="https://evil.example/">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    '<img src="https://tracker.example/pixel.gif" width=1>',
    '<object data="https://evil.example/"></object>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "<!--><img src=x onerror=alert(1)>-->",
    "</p></div><script>alert(1)</script>",
]


@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("base", [None, "https://base.example/feed"])
def test_nothing_runs_loads_or_tracks(probe: str, base: str | None) -> None:
    cleaned = sanitise.clean(f"before {probe} behind", base)
    tags = re.findall(r"</?([a-z0-9]+)([^>]*)>", cleaned)
    assert {tag for tag, _ in tags} <= sanitise.TAGS
    for _, attributes in tags:
        assert re.fullmatch(r'(?: href="https?://[^"]*")?(?: rel="[a-z ]*")?', attributes)
    assert "evil.example" not in re.sub(r">[^<]*<", "><", cleaned)
    assert "alert" not in "".join(attributes for _, attributes in tags)


def test_a_link_stays_and_cannot_reach_back() -> None:
    cleaned = sanitise.clean('<a href="https://a.example/?x=1&y=2" target="_blank">x</a>')
    assert cleaned == (
        '<a href="https://a.example/?x=1&amp;y=2" rel="noopener noreferrer nofollow">x</a>'
    )


def test_a_relative_link_is_resolved_against_the_feed() -> None:
    cleaned = sanitise.clean('<a href="notes/1">x</a>', "https://a.example/feed.xml")
    assert 'href="https://a.example/notes/1"' in cleaned
    assert "href" not in sanitise.clean('<a href="notes/1">x</a>')


_WORD = st.sampled_from(
    ["a", " ", "&amp;", "&lt;", "&nbsp;", "é", "'", '"', "\n", "x > y", "1 & 2"]
)
_TAG = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<br>",
        "<br/>",
        "<br />",
        "<em>",
        "</em>",
        "<strong>",
        "</strong>",
        "<ul>",
        "</ul>",
        "<li>",
        "</li>",
        '<a href="https://a.example/b?c=d#e">',
        '<a href="http://a.example" rel="nofollow" target="_blank">',
        '<a href="https://a.example:bad/">',
        "</a>",
        "<p><em>a</em></p>",
        "<ul><li>a</li> <li><strong>b</strong></li></ul>",
        '<a href="https://a.example/">a</a>',
        "<img src=x>",
    ]
)


@given(st.lists(st.one_of(_WORD, _TAG), max_size=12).map("".join))
def test_the_short_way_gives_what_the_parser_gives(text: str) -> None:
    assert sanitise.clean(text) == sanitise.with_nh3(text)


@given(st.text(max_size=200))
def test_any_text_is_harmless_and_stays_so(text: str) -> None:
    once = sanitise.clean(text)
    assert sanitise.clean(once) == once
    assert sanitise.clean(text) == sanitise.with_nh3(text)


@pytest.mark.parametrize(
    "text",
    [
        "ftp://a.example/",
        "javascript:alert(1)",
        "//a.example/",
        "https:///path",
        "https://",
        "mailto:a@a.example",
        "https://a.example/\x00",
        "https://[bad/",
        "file:///etc/passwd",
        "https://a.example\\@evil.example/",
        "x" * 5000,
        "",
        None,
    ],
)
def test_addresses_that_are_none_of_the_web(text: str | None) -> None:
    assert sanitise.address(text) is None


@given(
    st.from_regex(r"[a-z0-9-]{1,5}([./?#-]{1,2}[a-z0-9-]{1,4}){0,3}", fullmatch=True),
    st.sampled_from(
        ["https://a.example", "https://a.example/b/c?d=e/f", "http://a.example/b/../c/"]
    ),
)
def test_the_short_way_for_relative_addresses_gives_what_the_library_gives(
    text: str, base: str
) -> None:
    assert sanitise.address(text, base) == sanitise.address(urllib.parse.urljoin(base, text))


def test_a_blank_is_no_address_that_is_relative() -> None:
    assert sanitise.address(" \n", "https://a.example/feed") is None


@given(
    st.from_regex(
        re.compile(r"https?://[a-z0-9.-]{1,12}(:[0-9]{1,6})?([/?#][!-~]{0,20})?", re.ASCII),
        fullmatch=True,
    )
)
def test_the_short_way_for_addresses_gives_what_the_parser_gives(text: str) -> None:
    short = sanitise.address(text)
    parsed = sanitise.address(f" {text}")
    assert short == parsed


def test_links_are_found_once_with_their_words() -> None:
    text = sanitise.clean(
        '<p><a href="https://a.example/1?x=1&amp;y=2">The <em>first</em></a>, then'
        " https://b.example/two_(2). And https://a.example/1?x=1&amp;y=2</p>"
    )
    assert [(link.url, link.label) for link in sanitise.links(text)] == [
        ("https://a.example/1?x=1&y=2", "The first"),
        ("https://b.example/two_(2)", "b.example"),
    ]


def test_plain_text_has_a_line_for_each_block() -> None:
    assert sanitise.plain("<p>a &amp; b</p><ul><li>c</li><li>d<br>e</li></ul>").split() == [
        *["a", "&", "b", "c", "d", "e"]
    ]
    assert sanitise.plain("<p>a</p><p>b<br>c</p>").splitlines() == ["a", "", "b", "c"]


@given(st.text(max_size=80).filter(lambda text: "\r" not in text))
def test_escaped_text_shows_itself(text: str) -> None:
    shown = sanitise.escaped(text).replace("<br>", "\n")
    assert html.unescape(shown) == html.unescape(html.escape(text, quote=False))


@given(st.text(alphabet="<>&;abp/ =\"'\n", max_size=60))
def test_words_have_no_markup_whatever_they_are_of(text: str) -> None:
    words = sanitise.words_of(f"{text}<p>one</p>two<script>")
    assert "<" not in words
    assert sanitise.with_nh3(words) == words
    assert "one two" in words
