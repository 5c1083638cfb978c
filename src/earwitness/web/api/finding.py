"""Search and ask as JSON: the documents that the command line gives."""

from earwitness.report import found_document, json
from earwitness.web import ask, search
from earwitness.web.api import values
from earwitness.web.api.operation import Operation
from earwitness.web.search import Asked
from earwitness.web.site import Site


def _search(here: Site, _path: dict[str, str], query: values.SearchQuery) -> bytes:
    asked = Asked(
        words=query.q,
        show=query.show,
        episode=query.episode,
        speaker=query.speaker,
        chapter=query.chapter,
        kind=query.kind,
        after=query.after,
        before=query.before,
        first=query.first,
    )
    where, _ = search.scope(here, asked.show, asked.episode)
    page = search.found(here, asked, where, query.most)
    hits = [] if page is None else page.hits
    return json.encode(found_document.search_document(asked.query, hits))


def _ask(here: Site, _path: dict[str, str], sent: values.Question) -> bytes:
    where, _ = search.scope(here, sent.show, sent.episode)
    return json.encode(ask.whole(here, sent.question, where, sent.earlier))


OPERATIONS = (
    Operation(
        name="search",
        method="GET",
        path="/api/search",
        summary="Passages of everything, with their second: earwitness/search/1",
        act=_search,
        query=values.SearchQuery,
        refuses=(404, 503),
    ),
    Operation(
        name="ask",
        method="POST",
        path="/api/ask",
        summary="A question answered with citations and measurements: earwitness/answer/1",
        act=_ask,
        body=values.Question,
        refuses=(404, 413, 415, 429, 503),
    ),
)
