"""``/snips/download/...``: snips as files of other applications, made as the command line makes them.

Formats that are a folder come packed; everything is written in a folder of its own that is gone
when the answer is.
"""

import io
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from earwitness import card_faces
from earwitness.library.export import anki, gathering, json, logseq, obsidian, readwise
from earwitness.library.export.gathering import EpisodeNote
from earwitness.store.connection import Store
from earwitness.web import site, snip_board

_SAME_TIME = (1980, 1, 1, 0, 0, 0)
"""Of every file in a package, so that the same snips give the same bytes; the first that ZIP has."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A file that snips are handed on as."""

    title: str
    name: str
    type: str
    write: Callable[[Sequence[EpisodeNote], Path], object]
    folder: bool = False
    """It writes a folder, which is packed."""


FORMATS: Mapping[str, Format] = {
    "json": Format(title="JSON", name="snips.json", type="application/json", write=json.export),
    "readwise": Format(
        title="Readwise", name="snips.csv", type="text/csv; charset=utf-8", write=readwise.export
    ),
    "obsidian": Format(
        title="Obsidian",
        name="snips-obsidian.zip",
        type="application/zip",
        write=obsidian.export,
        folder=True,
    ),
    "logseq": Format(
        title="Logseq",
        name="snips-logseq.zip",
        type="application/zip",
        write=logseq.export,
        folder=True,
    ),
    "anki": Format(
        title="Anki",
        name="snips.apkg",
        type="application/octet-stream",
        write=lambda notes, file: anki.export(card_faces.of_notes(notes), file),
    ),
}


def download(request: Request) -> Response:
    """The snips that the query chooses, as the file that was asked for."""
    format = FORMATS.get(request.path_params["format"])
    if format is None:
        raise HTTPException(404, f"There are these formats: {', '.join(FORMATS)}.")
    wanted = snip_board.wanted_of(request.query_params)
    content = exported(site.of(request).store, format, wanted)
    headers = {"Content-Disposition": f'attachment; filename="{format.name}"'}
    return Response(content, media_type=format.type, headers=headers)


def exported(store: Store, format: Format, wanted: snip_board.Wanted) -> bytes:
    """The file. Raises CannotExport, also where the library for a format is missing."""
    notes = gathering.gather(store, snip_board.chosen(store, wanted))
    with tempfile.TemporaryDirectory(prefix="earwitness-export-") as made:
        destination = Path(made) / format.name
        format.write(notes, destination)
        return _packed(destination) if format.folder else destination.read_bytes()


def _packed(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as package:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), _SAME_TIME)
                package.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return content.getvalue()
