"""``/snips`` and ``/snips/...``: the board of saved moments, and one of them to edit.

The player saves and edits through the same addresses; it asks for the part of a page that it shows
while the recording plays on.
"""

from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from earwitness.library import catalogue, moment, quote_card, sharing
from earwitness.library import snip_catalogue as read
from earwitness.library import snips as kept
from earwitness.library.moment import NoSuchMoment
from earwitness.library.show import Link
from earwitness.library.snip import Snip
from earwitness.library.snips import ChangedMeanwhile
from earwitness.report import snip_words
from earwitness.web import exporting, forms, rendering, site, snip_board, snipping
from earwitness.web.forms import Form
from earwitness.web.site import Site
from earwitness.web.snip_board import Wanted
from earwitness.web.snipping import Said

_FIELDS = ("start", "end", "title", "quote", "note", "tags", "favourite")
CHANGED = (
    "This snip was changed meanwhile, in another window or elsewhere. What you wrote is still in "
    "the fields, and what stands now is beside them. Saving again puts yours in its place; the history "
    "keeps both."
)


def index(request: Request) -> Response:
    """The board; for htmx only the part of its list that was asked for."""
    here = site.of(request)
    wanted = snip_board.wanted_of(request.query_params)
    part = rendering.is_part(request)
    return rendering.page(
        request,
        "snip_list.html.j2" if part else "snips.html.j2",
        board=snip_board.board(here.store, wanted),
        gone=_gone(here, request.query_params.get("gone", "")),
        continued=part and wanted.first > 0,
        formats=exporting.FORMATS,
    )


def snip(request: Request) -> Response:
    """One snip with its fields, the transcript around it, and all that was ever done to it."""
    here = site.of(request)
    return _page(request, here, _find(here, request))


def form(request: Request) -> Response:
    """The fields alone, for the player."""
    here = site.of(request)
    one = _find(here, request)
    return _form(request, one, focus=request.query_params.get("focus", "title"))


async def make(request: Request) -> Response:
    """Save a moment: the one between two places, or what was just said."""
    here = site.of(request)
    sent = await forms.read(request)
    episode = await run_in_threadpool(catalogue.find_episode, here.store, sent.one("episode"))
    at = moment.place(sent.one("at")) if sent.one("at") else None
    one = await run_in_threadpool(snipping.make, here.store, episode, _said(sent), at=at)
    if rendering.is_part(request):
        return await run_in_threadpool(_toast, request, here, one, "made")
    return RedirectResponse(f"/snips/{one.id}", 303)


async def save(request: Request) -> Response:
    """Keep what the fields say; shown again where somebody was faster, or a place is none."""
    here, sent, one = await _asked(request)
    try:
        after = await run_in_threadpool(snipping.save, here.store, one, _said(sent), _seen(sent))
    except (ChangedMeanwhile, NoSuchMoment) as problem:
        said = {name: sent.one(name) for name in _FIELDS}
        return await run_in_threadpool(_again, request, here, one, said, problem)
    if rendering.is_part(request):
        return await run_in_threadpool(_toast, request, here, after, "saved")
    return RedirectResponse(f"/snips/{after.id}", 303)


async def favourite(request: Request) -> Response:
    """Mark one of the best, or no more; back to the board."""
    here, sent, one = await _asked(request)
    said = Said(favourite=sent.one("favourite") == "1")
    await run_in_threadpool(snipping.save, here.store, one, said, None)
    return RedirectResponse(f"/snips?{_board_of(sent).query()}#{one.id}", 303)


async def delete(request: Request) -> Response:
    """Delete; the board says how to bring it back, the player offers it."""
    here, sent, one = await _asked(request)
    one = await run_in_threadpool(kept.delete, here.store, one.id, seen=_seen(sent))
    if rendering.is_part(request):
        return await run_in_threadpool(_toast, request, here, one, "deleted")
    return RedirectResponse(f"/snips?{_board_of(sent).query(gone=one.id)}", 303)


async def undo(request: Request) -> Response:
    """Take back the newest change, also a deletion."""
    here, sent, one = await _asked(request)
    one = await run_in_threadpool(kept.undo, here.store, one.id, seen=_seen(sent))
    if rendering.is_part(request):
        return await run_in_threadpool(_toast, request, here, one, "undone")
    return RedirectResponse(f"/snips/{one.id}", 303)


def picture(request: Request) -> Response:
    """The quote as a picture."""
    one = _find(site.of(request), request)
    return Response(
        quote_card.draw(one),
        media_type="image/svg+xml",
        headers={"Content-Disposition": f'attachment; filename="snip-{one.id}.svg"'},
    )


def _page(
    request: Request,
    here: Site,
    one: Snip,
    *,
    said: dict[str, str] | None = None,
    problem: str | None = None,
    status: int = 200,
) -> Response:
    episode = snipping.episode_of(here.store, one)
    address = sharing.link(one, episode.facts)
    return rendering.page(
        request,
        "snip_page.html.j2",
        status=status,
        one=one,
        episode=episode,
        said=said or snipping.as_said(one.contents),
        problem=problem,
        changed=status == 409,
        lines=snipping.around(here.store, one),
        steps=list(reversed(snip_words.steps(read.history(here.store, one.id)))),
        published=None if address is None else Link(url=address, label="Where it was published"),
        text=sharing.text(one, episode.facts),
        focus="",
        panel=False,
    )


def _form(
    request: Request,
    one: Snip,
    *,
    said: dict[str, str] | None = None,
    problem: str | None = None,
    status: int = 200,
    focus: str = "",
) -> Response:
    return rendering.page(
        request,
        "snip_panel.html.j2",
        status=status,
        one=one,
        said=said or snipping.as_said(one.contents),
        problem=problem,
        changed=status == 409,
        focus=focus,
        panel=True,
    )


def _toast(request: Request, here: Site, one: Snip, done: str) -> Response:
    """What was done, with what can be done about it, and the list of the episode anew."""
    return rendering.page(
        request,
        "snip_toast.html.j2",
        one=one,
        done=done,
        own=read.every(here.store, episode=one.episode),
    )


def _again(
    request: Request, here: Site, one: Snip, said: dict[str, str], problem: Exception
) -> Response:
    now = read.find(here.store, one.id, deleted=True)
    changed = isinstance(problem, ChangedMeanwhile)
    words = CHANGED if changed else str(problem)
    status = 409 if changed else 422
    if rendering.is_part(request):
        answer = _form(request, now, said=said, problem=words, status=status)
        answer.headers["HX-Retarget"] = "#toast-fields"
        return answer
    return _page(request, here, now, said=said, problem=words, status=status)


async def _asked(request: Request) -> tuple[Site, Form, Snip]:
    """The site, what a form sent, and the snip that it is about."""
    here = site.of(request)
    sent = await forms.read(request)
    return here, sent, await run_in_threadpool(_find, here, request)


def _find(here: Site, request: Request) -> Snip:
    """The snip that a path names, also a deleted one. Raises NoSuchSnip."""
    return read.find(here.store, request.path_params["snip"], deleted=True)


def _gone(here: Site, id: str) -> Snip | None:
    """A snip that was deleted a moment ago."""
    if not id:
        return None
    one = read.find(here.store, id, deleted=True)
    return one if one.contents.deleted else None


def _said(sent: Form) -> Said:
    return Said(
        start=sent.one("start"),
        end=sent.one("end"),
        title=sent.one("title"),
        quote=_lines(sent.one("quote")),
        note=_lines(sent.one("note")),
        tags=sent.one("tags").split(","),
        favourite=sent.one("favourite") == "1",
    )


def _lines(text: str) -> str:
    """With the line ends that the store has; forms send two characters for one."""
    return text.replace("\r\n", "\n")


def _board_of(sent: Form) -> Wanted:
    """What the board showed that a form stood on."""
    return snip_board.wanted_of(dict(parse_qsl(sent.one("board"))))


def _seen(sent: Form) -> int | None:
    text = sent.one("seen")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
