import base64
import hashlib
import itertools
import re
from html.parser import HTMLParser

import pytest
from msgspec.structs import replace

from earwitness.library.show import Link
from earwitness.report import html
from tests.report import samples

HOSTILE = "</style><script>alert(1)</script><img src=x onerror=alert(1)>'\"&{{ 7 * 7 }}"
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Page(HTMLParser):
    """The elements of a page, with a complaint for each that is not closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.problems, self.text = [], [], [], []
        self.feed(text)
        self.problems += self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"/{tag}")

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text.append(data)

    def find(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def says(self, words):
        return words in " ".join(" ".join(self.text).split())


def pages():
    return {
        "show": html.render_show(samples.show()),
        "empty": html.render_show(samples.empty_show()),
        **{document.claim: html.render_run(document) for document in samples.runs()},
    }


@pytest.mark.parametrize("name", pages())
def test_pages_are_well_formed_and_load_nothing(name):
    text = pages()[name]
    page = Page(text)
    assert page.problems == []
    assert not page.find("script")
    assert not [e for e in page.elements if {"src", "srcset", "style"} & e[1].keys()]
    assert [a["href"] for a in page.find("link")] == ["data:,"]
    assert not re.search(r"@import|url\(", html.style())
    assert not [
        key for _, attributes in page.elements for key in attributes if key.startswith("on")
    ]


@pytest.mark.parametrize("name", pages())
def test_headings_do_not_skip_a_level_and_ids_are_unique(name):
    page = Page(pages()[name])
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_policy_allows_this_style_sheet_only():
    text = pages()["show"]
    policy = next(a["content"] for a in Page(text).find("meta") if a.get("http-equiv"))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_episodes_stand_in_the_order_of_the_page():
    document = samples.show()
    ids = [a["id"] for a in Page(html.render_show(document)).find("article")]
    assert ids == [entry.episode.id for entry in document.episodes]


def test_the_chapter_of_the_claim_is_marked():
    page = Page(html.render_show(samples.show()))
    assert len([a for a in page.find("li") if a.get("class") == "claimed"]) == 1
    assert page.says("5 chapters , the claim at 10:40") or page.says(
        "5 chapters, the claim at 10:40"
    )


def test_every_way_to_end_is_told():
    page = Page(html.render_show(samples.show()))
    for words in (
        "Supported: 51\N{MULTIPLICATION SIGN} [50.5, 51.6]",
        "Refuted: 1.08\N{MULTIPLICATION SIGN}",
        "Mixed; the headline is supported",
        "This condition did not hold",
        "sudo apt-get install nginx",
        "Interrupted before there was a verdict.",
        "There is no experiment for this episode yet.",
        "earwitness run fsync",
        "Seen working here",
        "earwitness run partition-locks --depth study --seed 20230624",
        "earwitness runs replay 20260314-092653-partition-locks",
        "off by a factor of 17",
        "Dissent: block 0: 32.8 MB",
        "AMD EPYC 9B14, 2 cores",
    ):
        assert page.says(words), words


def test_an_empty_page_says_how_to_begin():
    page = Page(html.render_show(samples.empty_show()))
    assert page.says("Nothing has been run yet")
    assert page.says("earwitness run partition-locks --depth proof")
    assert not Page(html.render_show(samples.show())).says("Nothing has been run yet")


def test_a_note_stands_in_place_of_a_verdict():
    show = samples.empty_show()
    entry = replace(show.episodes[3], runnable=None, note="told by a habit of the tool")
    page = Page(html.render_show(replace(show, episodes=(entry,))))
    assert page.says("told by a habit of the tool")


def hostile_run():
    document = samples.supported()
    result = replace(document.hypotheses[2], statement=HOSTILE, reason=HOSTILE)
    gate = replace(document.hypotheses[0].gates[0], statement=HOSTILE)
    experiment = replace(
        document.experiments[0],
        title=HOSTILE,
        arms=tuple(replace(arm, title=HOSTILE) for arm in document.experiments[0].arms),
        install=HOSTILE,
    )
    return replace(
        document,
        title=HOSTILE,
        said=HOSTILE,
        surprise=HOSTILE,
        run_id=HOSTILE,
        environment={HOSTILE: HOSTILE, "processor": HOSTILE},
        servers=(replace(document.servers[0], server=HOSTILE, settings={HOSTILE: HOSTILE}),),
        experiments=(experiment,),
        hypotheses=(replace(document.hypotheses[0], gates=(gate,)), result),
        charts=tuple(replace(c, title=HOSTILE, caption=HOSTILE) for c in document.charts),
        predictions=(replace(document.predictions[0], text=HOSTILE),),
    )


def hostile_show():
    show = samples.show()
    episode = replace(
        show.episodes[0].episode,
        title=HOSTILE,
        line=HOSTILE,
        chapters=tuple(replace(c, title=HOSTILE) for c in samples.CHAPTERS),
        links=(Link(url=f"https://example.org/{HOSTILE}", label=HOSTILE),),
    )
    entry = replace(show.episodes[0], episode=episode, run=hostile_run())
    return replace(show, title=HOSTILE, host=HOSTILE, surprise=HOSTILE, episodes=(entry,))


@pytest.mark.parametrize(
    "text", [html.render_run(hostile_run()), html.render_show(hostile_show())], ids=["run", "show"]
)
def test_hostile_text_stays_text(text):
    page = Page(text)
    assert page.problems == []
    assert not page.find("script")
    assert not page.find("img")
    assert "49" not in [part.strip() for part in page.text]
    assert page.says("<script>alert(1)</script>")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//example.org",
        "https:",
        "http://[",
    ],
)
def test_only_links_to_the_web_can_be_clicked(url):
    show = samples.show()
    episode = replace(show.episodes[0].episode, links=(Link(url=url, label="elsewhere"),))
    entry = replace(show.episodes[0], episode=episode)
    page = Page(html.render_show(replace(show, episodes=(entry,))))
    assert page.says("elsewhere")
    assert all(a["href"].startswith("#") for a in page.find("a"))


def test_the_same_document_gives_the_same_page():
    assert html.render_show(samples.show()) == html.render_show(samples.show())
