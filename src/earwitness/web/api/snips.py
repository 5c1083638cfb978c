"""Snips as JSON."""

from earwitness.library import browsing, catalogue, sharing
from earwitness.library import snip_catalogue as read
from earwitness.library import snips as kept
from earwitness.library.export import gathering
from earwitness.library.export import json as kept_document
from earwitness.library.export.json import KeptDocument
from earwitness.library.snip import Entry, Snip
from earwitness.report import snip_words
from earwitness.web import snip_board, snipping
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation
from earwitness.web.site import Site
from earwitness.web.snip_board import Wanted
from earwitness.web.snipping import Said


def _snips(here: Site, _path: dict[str, str], query: values.SnipsQuery) -> object:
    found = snip_board.chosen(here.store, _wanted(query))
    shown = found[query.first : query.first + query.most]
    episodes = browsing.those(here.store, {one.episode for one in shown})
    documents = [snip_words.document(one, episodes[one.episode].facts) for one in shown]
    return {"schema": "earwitness/snips/1", "snips": documents}


def _kept(here: Site, _path: dict[str, str], query: values.SnipsQuery) -> KeptDocument:
    found = snip_board.chosen(here.store, _wanted(query))
    shown = found[query.first : query.first + query.most]
    return kept_document.document(gathering.gather(here.store, shown))


def _snip(here: Site, path: dict[str, str], _query: Nothing) -> object:
    return _told(here, _find(here, path))


def _make(here: Site, _path: dict[str, str], order: values.SnipOrder) -> object:
    episode = catalogue.find_episode(here.store, order.episode)
    said = Said(
        start=order.start,
        end=order.end,
        title=order.title,
        quote=order.quote,
        note=order.note,
        tags=order.tags,
        favourite=order.favourite,
    )
    return _told(here, snipping.make(here.store, episode, said, at=order.at_seconds))


def _edit(here: Site, path: dict[str, str], sent: values.SnipEdit) -> object:
    said = Said(
        start=sent.start,
        end=sent.end,
        title=sent.title,
        quote=sent.quote,
        note=sent.note,
        tags=sent.tags,
        favourite=sent.favourite,
    )
    return _told(here, snipping.save(here.store, _find(here, path), said, sent.seen))


def _delete(here: Site, path: dict[str, str], sent: values.SeenOrder) -> object:
    return _told(here, kept.delete(here.store, _find(here, path).id, seen=sent.seen))


def _undo(here: Site, path: dict[str, str], sent: values.SeenOrder) -> object:
    return _told(here, kept.undo(here.store, _find(here, path).id, seen=sent.seen))


def _history(here: Site, path: dict[str, str], _query: Nothing) -> list[Entry]:
    return read.history(here.store, _find(here, path).id)


def _share(here: Site, path: dict[str, str], _query: Nothing) -> values.Shared:
    one = _find(here, path)
    facts = snipping.episode_of(here.store, one).facts
    return values.Shared(
        text=sharing.text(one, facts),
        link=sharing.link(one, facts),
        picture=f"/snips/{one.id}/quote.svg",
    )


def _tags(here: Site, _path: dict[str, str], _query: Nothing) -> dict[str, int]:
    return read.tags(here.store)


def _find(here: Site, path: dict[str, str]) -> Snip:
    return read.find(here.store, path["snip"], deleted=True)


def _told(here: Site, one: Snip) -> dict[str, object]:
    return snip_words.document(one, snipping.episode_of(here.store, one).facts)


def _wanted(query: values.SnipsQuery) -> Wanted:
    return Wanted(
        show=query.show,
        episode=query.episode,
        tag=query.tag,
        favourite=query.favourite,
        words=query.words,
    )


OPERATIONS = (
    Operation(
        name="snips",
        method="GET",
        path="/api/snips",
        summary="Snips in the order of the shows' pages: earwitness/snips/1",
        act=_snips,
        query=values.SnipsQuery,
    ),
    Operation(
        name="make-snip",
        method="POST",
        path="/api/snips",
        summary="Save a moment of an episode: earwitness/snip/1",
        act=_make,
        body=values.SnipOrder,
        status=201,
        refuses=(404, 413, 415, 422, 503),
    ),
    Operation(
        name="kept",
        method="GET",
        path="/api/kept",
        summary="Snips with their whole history, to be read in elsewhere: earwitness/kept/1",
        act=_kept,
        query=values.SnipsQuery,
        gives=KeptDocument,
    ),
    Operation(
        name="snip",
        method="GET",
        path="/api/snips/{snip}",
        summary="A snip, also a deleted one: earwitness/snip/1",
        act=_snip,
        refuses=(404,),
    ),
    Operation(
        name="edit-snip",
        method="POST",
        path="/api/snips/{snip}",
        summary="Change what a snip says, or move its bounds: earwitness/snip/1",
        act=_edit,
        body=values.SnipEdit,
        refuses=(404, 409, 413, 415, 422, 503),
    ),
    Operation(
        name="delete-snip",
        method="POST",
        path="/api/snips/{snip}/delete",
        summary="Delete a snip; an undo brings it back",
        act=_delete,
        body=values.SeenOrder,
        refuses=(404, 409, 413, 415, 503),
    ),
    Operation(
        name="undo-snip",
        method="POST",
        path="/api/snips/{snip}/undo",
        summary="Take back the newest change of a snip that stands, also a deletion",
        act=_undo,
        body=values.SeenOrder,
        refuses=(404, 409, 413, 415, 422, 503),
    ),
    Operation(
        name="snip-history",
        method="GET",
        path="/api/snips/{snip}/history",
        summary="Everything that was ever done to a snip, oldest first",
        act=_history,
        gives=list[Entry],
        refuses=(404,),
    ),
    Operation(
        name="share-snip",
        method="GET",
        path="/api/snips/{snip}/share",
        summary="A snip as text with a link to its place",
        act=_share,
        gives=values.Shared,
        refuses=(404,),
    ),
    Operation(
        name="tags",
        method="GET",
        path="/api/tags",
        summary="How many snips have each tag",
        act=_tags,
        gives=dict[str, int],
    ),
)
