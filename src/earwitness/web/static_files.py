"""The site's own files: read once, compressed once, and kept by browsers for good.

Their address holds a digest of all of them, so that it changes when any of them does; modules name
each other relatively and stay together.
"""

import functools
import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from earwitness.report.html import STYLE_SHEETS

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
}
_FOR_GOOD = "public, max-age=31536000, immutable"
_OWN_STYLE = ("fonts.css", "site.css", "player.css", "search.css", "snips.css", "print.css")


@dataclass(frozen=True)
class _File:
    type: str
    body: bytes
    packed: bytes | None
    """None where packing does not pay."""


def address(name: str) -> str:
    """Where a file is found."""
    return f"/static/{_version()}/{name}"


def serve(request: Request) -> Response:
    """A file, packed for those who take it so."""
    file = _files().get(request.path_params["name"])
    if file is None:
        raise HTTPException(404)
    headers = {"Cache-Control": _FOR_GOOD, "Vary": "Accept-Encoding"}
    body = file.body
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = file.packed, "gzip"
    return Response(body, headers=headers, media_type=file.type)


@functools.cache
def _version() -> str:
    digest = hashlib.sha256()
    for name, file in sorted(_files().items()):
        digest.update(name.encode() + b"\0" + file.body)
    return digest.hexdigest()[:12]


@functools.cache
def _files() -> dict[str, _File]:
    """Everything below ``static``, and the style sheets as one, shared ones first."""
    folder = resources.files("earwitness.web") / "static"
    found = {}
    for entry in folder.iterdir():
        if entry.name.rpartition(".")[2] in _TYPES and entry.name not in _OWN_STYLE:
            found[entry.name] = _file(entry.name, entry.read_bytes())
    report = resources.files("earwitness.report")
    shared = [name for name in STYLE_SHEETS if name != "page.css"]
    parts = [(report / name).read_text("utf-8") for name in shared]
    parts += [(folder / name).read_text("utf-8") for name in _OWN_STYLE]
    found["style.css"] = _file("style.css", "\n".join(parts).encode())
    return found


def _file(name: str, body: bytes) -> _File:
    kind = name.rpartition(".")[2]
    packed = None if kind == "woff2" else gzip.compress(body, 9, mtime=0)
    return _File(_TYPES[kind], body, packed)
