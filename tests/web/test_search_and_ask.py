"""Search and ask on the site: narrowing, paging, places, talks in turns, and a model that words."""

import html
import http.client
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from earwitness.library.search.query import parse
from earwitness.report.found_document import AnswerDocument, CitationDocument
from earwitness.store.connection import open_store
from earwitness.web import places, talk
from earwitness.web.app import build
from earwitness.web.forms import MOST_CHARACTERS
from earwitness.web.jobs.asking import MOST_AT_ONCE, Asking
from earwitness.web.jobs.limits import TooMany
from earwitness.web.search import MOST, Asked
from earwitness.web.site import Serving
from tests.library.asking.endpoints import endpoint
from tests.web import recorded, test_api
from tests.web.conftest import ADDRESS, EPISODE, SHOW, shelve, sorting_show, token

served = test_api.served
BUNDLED = "backend-engineering-show/select-star"
SAID = 'Every column is paid for. [1: "bytes that nobody reads"] And the moon is made of cheese.'


@pytest.fixture
def talkative(data: Path) -> Iterator[TestClient]:
    """The site over a show with an hour of transcript."""
    with open_store(data) as store:
        shelve(store, sorting_show(lines=700))
    with TestClient(build(Serving(folder=data)), base_url=ADDRESS) as client:
        yield client


def hits(text: str) -> list[str]:
    """Where the results lead."""
    return re.findall(r'<li class="hit">.*?<h3><a href="([^"]*)"', text, re.DOTALL)


def turns(text: str) -> list[str]:
    """The fields that hold the talk so far."""
    return [html.unescape(one) for one in re.findall(r'name="turn" form="ask" value="(.*?)"', text)]


def ask(site: TestClient, question: str, address: str = "/ask", **fields: object):
    return site.post(address, data={"token": token(site, "/ask"), "question": question, **fields})


def with_model(monkeypatch: pytest.MonkeyPatch, address: str, **more: str) -> None:
    named = {"EARWITNESS_MODEL_ENDPOINT": address, "EARWITNESS_MODEL": "small", **more}
    for name, value in named.items():
        monkeypatch.setenv(name, value)


def test_results_lead_to_the_second_and_mark_the_words(site: TestClient) -> None:
    text = site.get("/search?q=SSD+ignores+the+flush").text
    assert hits(text)[0] == "/episodes/backend-engineering-show/ssd-fsync?t=560#here"
    assert "<mark>SSD</mark> <mark>ignores</mark> the <mark>flush</mark>" in text
    assert '<span class="badge">Chapter</span>' in text


def test_an_episode_opens_at_the_line_that_holds_a_second(site: TestClient) -> None:
    text = site.get(f"/episodes/{EPISODE}?t=17.2").text
    assert 'data-start="17.2"' in text
    assert text.count('id="here"') == 1
    assert re.search(r'data-at="15.0"[^>]* id="here" class="said">Line 3', text)
    chapter = site.get("/episodes/backend-engineering-show/ssd-fsync?t=560").text
    assert re.search(r'<li id="here"[^>]*><a href="#t=560"', chapter)
    for nonsense in ("x", "-1", "1e9", "1.2.3", "9" * 20, "²"):
        assert "data-start" not in site.get(f"/episodes/{EPISODE}?t={nonsense}").text


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"show": SHOW}, True),
        ({"show": "backend-engineering-show"}, False),
        ({"episode": EPISODE}, True),
        ({"kind": "transcript"}, True),
        ({"kind": "claim"}, False),
        ({"speaker": "tim"}, True),
        ({"speaker": "grace"}, False),
        ({"chapter": "Galloping"}, True),
        ({"after": "2024-05-01", "before": "2024-05-02"}, True),
        ({"after": "2024-05-02"}, False),
        ({"before": "2024-05-01"}, False),
        ({"kind": "nonsense", "after": "tomorrow", "first": "x"}, True),
    ],
)
def test_fields_narrow_what_is_found(
    site: TestClient, narrowed: dict[str, str], found: bool
) -> None:
    text = site.get("/search", params={"q": '"sorted runs"', **narrowed}).text
    assert bool(hits(text)) == found
    assert found or "within these limits" in text
    known = {name: value for name, value in narrowed.items() if name != "first"}
    if "nonsense" not in narrowed.values():
        api = site.get("/api/search", params={"q": '"sorted runs"', **known}).json()
        assert bool(api["results"]) == found


@given(st.text(max_size=60), st.text(max_size=40), st.text(max_size=40))
def test_no_word_of_a_query_swallows_a_field(words: str, speaker: str, chapter: str) -> None:
    alone = parse(Asked(speaker=speaker, chapter=chapter).query)
    both = parse(Asked(words=words, speaker=speaker, chapter=chapter).query)
    assert both.speaker[: len(alone.speaker)] == alone.speaker
    assert both.chapter[: len(alone.chapter)] == alone.chapter
    assert [one for term in alone.terms for one in term.words] == []


def test_parts_of_the_results_are_the_whole(talkative: TestClient) -> None:
    address = "/search?q=sorted+line&kind=transcript"
    text = talkative.get(address).text
    assert len(hits(text)) == MOST
    seen = hits(text)
    while 'class="more"' in text:
        more = html.unescape(re.search(r'data-hx-get="([^"]*)"', text.partition("more")[2])[1])
        text = talkative.get(more, headers={"HX-Request": "true"}).text
        assert "<html" not in text
        seen += hits(text)
    total = int(re.search(r"(\d+) passages", talkative.get(address).text)[1])
    assert len(seen) == total == len(set(seen)) > 2 * MOST
    api = talkative.get("/api/search?q=sorted+line&kind=transcript&most=100").json()["results"]
    assert [one["start_seconds"] for one in api] == [
        float(re.search(r"t=([\d.]+)", address)[1]) for address in seen
    ]


def test_an_empty_search_teaches_and_a_vain_one_helps(site: TestClient) -> None:
    assert "words are alternatives" in site.get("/search").text
    assert "a show, a kind or a day alone finds nothing" in site.get(f"/search?show={SHOW}").text
    assert "Nothing in the library has that" in site.get("/search?q=zyzzyva").text
    assert site.get("/search?show=nobody&q=x").status_code == 404
    assert site.get("/api/search?q=x&episode=nobody").status_code == 404


def test_what_was_measured_is_found_with_its_verdict(
    third_party: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(third_party))
    with open_store(data) as store:
        run = recorded.sorted_input(store, third_party, data, seed=1)
    with TestClient(build(Serving(folder=data)), base_url=ADDRESS) as site:
        text = site.get("/search?q=sorted+input+comparisons").text
        assert f"/runs/{run}" in hits(text)
        assert "/claims/sorted-input" in hits(text)
        assert 'class="badge v-supported"' in text
        answer = ask(site, "how many comparisons does shuffled input need?").text
    assert f'<a class="badge-link" href="/runs/{run}"' in answer
    assert "Measured here: supported" in answer


def test_a_question_is_answered_with_places_and_the_talk_goes_on(site: TestClient) -> None:
    first = ask(site, "what does fsync do to the page cache?").text
    assert re.search(r'<a href="/episodes/backend-engineering-show/ssd-fsync\?t=\d+#here">', first)
    assert "Not measured on this machine yet" in first
    (kept,) = turns(first)
    second = ask(site, "and is it slow?", turn=kept).text
    assert second.count("<article") == 2
    assert "page" in msgspec.json.decode(turns(second)[1], type=AnswerDocument).searched
    third = ask(site, "how do I bake sourdough bread?", turn=turns(second)).text
    assert "Nothing in the library seems to answer that." in third
    assert 'id="newest"' in third.rpartition("<article")[2]


def test_a_question_is_narrowed_to_an_episode_or_a_show(site: TestClient) -> None:
    page = site.get(f"/ask?episode={BUNDLED}").text
    assert f'name="episode" value="{BUNDLED}"' in page
    answer = ask(site, "is it slow to select every column?", episode=BUNDLED).text
    cited = msgspec.json.decode(turns(answer)[0], type=AnswerDocument).citations
    assert {one.episode_id for one in cited} == {BUNDLED}
    assert "Nothing in the library" in ask(site, "is SELECT * slow?", show=SHOW).text
    assert f'href="/ask?episode={BUNDLED}"' in site.get(f"/episodes/{BUNDLED}").text
    assert site.get("/ask?episode=nobody").status_code == 404


def test_an_address_brings_a_question_along_and_does_not_ask_it(site: TestClient) -> None:
    text = site.get("/ask", params={"question": 'is "SELECT *" slow?'}).text
    assert 'value="is &#34;SELECT *&#34; slow?"' in text
    assert "<article" not in text


def test_nothing_asked_and_a_talk_that_is_none_are_said_in_words(site: TestClient) -> None:
    assert "Ask something first" in ask(site, " ").text
    (kept,) = turns(ask(site, "is SELECT * slow?").text)
    strange = re.sub('"kind":"[^"]*"', '"kind":"dream"', kept)
    assert ask(site, "why?", turn=strange).status_code == 200
    for broken in ("{", "[]", '{"schema": "x"}'):
        answer = ask(site, "why?", turn=broken)
        assert answer.status_code == 422
        assert "could not be read" in answer.text
    assert site.post("/ask/stream", data={"question": "why?"}).status_code == 403


def test_the_same_answer_arrives_as_a_stream(site: TestClient) -> None:
    answer = ask(site, "is SELECT * slow?", "/ask/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")
    *growing, last, rest = answer.text.split("\n\n")
    assert rest == ""
    assert [one.partition("\n")[0] for one in growing] == ["event: turn"]
    assert last.startswith("event: done\n")
    assert turns(last) == turns(ask(site, "is SELECT * slow?").text)


def test_a_model_words_the_answer_sentence_by_sentence(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with endpoint("streamed", SAID) as server:
        with_model(monkeypatch, server.address)
        stream = ask(site, "what does select star cost?", "/ask/stream", episode=BUNDLED).text
        assert "small" in site.get("/ask").text
    messages = stream.strip().split("\n\n")
    worded = [one.count("<span>") for one in messages]
    assert worded == sorted(worded)
    assert "Every column is paid for." not in messages[0]
    assert "The passages it was given" in messages[0]
    assert "Every column is paid for." in messages[1]
    assert "moon" not in messages[1]
    assert re.search(r"cheese\. <span class=\"uncited\">\(no citation\)", messages[-1])
    (kept,) = turns(messages[-1])
    assert msgspec.json.decode(kept, type=AnswerDocument).model == "small"


@pytest.mark.parametrize("manner", ["refused", "cut", "malformed"])
def test_when_the_model_fails_the_passages_answer(
    site: TestClient, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    with endpoint(manner, SAID) as server:
        with_model(monkeypatch, server.address)
        page = ask(site, "is SELECT * slow?").text
        api = site.post("/api/ask", json={"question": "is SELECT * slow?"}).json()
    assert "The model did not answer" in page
    assert "Passages that may answer" in page
    assert api["note"].startswith("The model did not answer")
    assert (api["model"], bool(api["citations"])) == (None, True)


def test_whoever_leaves_hangs_up_on_the_model(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with endpoint("dripping") as server:
        with_model(monkeypatch, server.address)
        for _ in range(MOST_AT_ONCE + 1):  # nobody who left keeps another from being answered
            server.hung_up.clear()
            visitor = http.client.HTTPConnection(urllib.parse.urlsplit(served).netloc, timeout=60)
            visitor.request("GET", "/ask")
            page = visitor.getresponse()
            cookie = page.getheader("set-cookie").partition(";")[0]
            said = page.read().decode().partition('name="token" value="')[2].partition('"')[0]
            fields = urllib.parse.urlencode({"token": said, "question": "is SELECT * slow?"})
            kind = "application/x-www-form-urlencoded"
            headers = {"Cookie": cookie, "Content-Type": kind}
            visitor.request("POST", "/ask/stream", fields, headers)
            assert visitor.getresponse().readline() == b"event: turn\n"
            visitor.close()
            assert server.hung_up.wait(10)


def test_a_model_that_is_named_wrongly_is_told_and_not_asked(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_model(monkeypatch, "ftp://nowhere")
    for page in ("/settings", "/ask"):
        assert "is no http or https address" in site.get(page).text
    assert "Passages that may answer" in ask(site, "is SELECT * slow?").text


def test_settings_say_which_model_is_asked_and_not_its_key(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "answers are the passages themselves" in site.get("/settings").text
    with_model(monkeypatch, "http://127.0.0.1:1/v1", EARWITNESS_MODEL_KEY="geheim7")
    text = site.get("/settings").text
    assert "http://127.0.0.1:1/v1" in text
    assert "with a key" in text
    assert "geheim7" not in text


def test_a_follow_up_of_which_nothing_was_ever_said_is_not_answered(site: TestClient) -> None:
    earlier = [site.post("/api/ask", json={"question": "is SELECT * slow?"}).json()["searched"]]
    for question, abstained in (("zyzzyva?", True), ("why?", False), ("columns?", False)):
        order = {"question": question, "earlier": earlier}
        answer = site.post("/api/ask", json=order).json()
        assert answer["abstained"] is abstained, question
        assert ("None of its words were found" in answer["answer"]) is abstained


def test_a_program_asks_and_goes_on_asking(site: TestClient) -> None:
    first = site.post("/api/ask", json={"question": "what does fsync do to the page cache?"}).json()
    assert first["schema"] == "earwitness/answer/1"
    order = {"question": "is it slow?", "earlier": [first["searched"]]}
    assert "cache" in site.post("/api/ask", json=order).json()["searched"]
    assert site.post("/api/ask", json={"question": ""}).status_code == 400


def test_a_model_answers_so_many_at_once() -> None:
    asking = Asking()
    held = [asking.turn() for _ in range(MOST_AT_ONCE)]
    for one in held:
        one.__enter__()
    with pytest.raises(TooMany, match="wait for one"), asking.turn():
        pass
    held[0].__exit__(None, None, None)
    with asking.turn():
        pass


CITATIONS = st.builds(
    CitationDocument,
    number=st.integers(1, 5),
    show=st.none(),
    show_title=st.none(),
    episode=st.text(max_size=80),
    episode_id=st.text(max_size=80),
    start_seconds=st.none() | st.floats(0, 1e6),
    chapter=st.none(),
    speaker=st.none(),
    kind=st.just("transcript"),
    quote=st.text(max_size=80).map(lambda text: text * 60),
    text=st.text(max_size=80),
)


@given(st.lists(CITATIONS, max_size=5).map(tuple))
def test_an_answer_is_kept_within_what_a_form_takes(
    citations: tuple[CitationDocument, ...],
) -> None:
    document = AnswerDocument(
        question="why?",
        searched="why fsync",
        answer="because " * 5000,
        abstained=False,
        reason=None,
        confidence=1.0,
        citations=citations,
        measured=(),
    )
    field = talk.kept(document)
    assert len(field) <= MOST_CHARACTERS
    (back,) = talk.read([field])
    assert (back.question, back.searched) == ("why?", "why fsync")
    if back.citations:
        assert [one.quote for one in back.citations] == [one.quote for one in citations]
    else:
        assert not citations or "too long" in str(back.note)


@given(st.floats(0, 1e6))
def test_the_second_of_an_address_is_the_second_that_was_meant(seconds: float) -> None:
    address = places.of_moment("show/episode", seconds)
    said = places.seconds_of(address.partition("t=")[2].partition("#")[0])
    assert said == pytest.approx(seconds, abs=0.00051)
