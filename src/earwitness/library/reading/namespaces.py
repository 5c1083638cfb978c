"""The namespaces of feeds, and the prefix that is usual for each.

One element has one name here, whatever prefix a feed binds and whichever of the addresses of a
namespace it uses. RSS itself has none, so the namespaces of its versions 0.90 and 1.0 have an
empty prefix.
"""

import functools

PREFIXES = {
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://backend.userland.com/RSS2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://www.w3.org/2005/Atom": "atom",
    "http://purl.org/atom/ns#": "atom",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "http://www.itunes.com/DTDs/PodCast-1.0.dtd": "itunes",
    "https://www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "https://podcastindex.org/namespace/1.0": "podcast",
    "http://podcastindex.org/namespace/1.0": "podcast",
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "http://podlove.org/simple-chapters": "psc",
    "http://podlove.org/simple-chapters/": "psc",
    "https://podlove.org/simple-chapters": "psc",
    "https://podlove.org/simple-chapters/": "psc",
    "http://search.yahoo.com/mrss/": "media",
    "http://search.yahoo.com/mrss": "media",
    "http://purl.org/rss/1.0/modules/content/": "content",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
    "http://www.google.com/schemas/play-podcasts/1.0/": "googleplay",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://www.w3.org/XML/1998/namespace": "xml",
    "http://purl.org/rss/1.0/modules/syndication/": "sy",
    "http://purl.org/rss/1.0/modules/slash/": "slash",
    "http://wellformedweb.org/CommentAPI/": "wfw",
    "http://www.rawvoice.com/rawvoiceRssModule/": "rawvoice",
    "http://www.spotify.com/ns/rss": "spotify",
    "https://www.spotify.com/ns/rss": "spotify",
    "http://web.resource.org/cc/": "cc",
    "http://www.georss.org/georss": "georss",
    "https://media.anchor.fm/ns": "anchor",
    "https://anchor.fm/xmlns": "anchor",
    "http://bitlove.org": "bitlove",
    "http://purl.org/syndication/history/1.0": "fh",
}
_BY_CASELESS = {uri.casefold().rstrip("/"): prefix for uri, prefix in PREFIXES.items()}


@functools.lru_cache(maxsize=4096)
def name(tag: str) -> str:
    """``{namespace}local`` as ``prefix:local``; a namespace that is not usual stays as it is."""
    if not tag.startswith("{"):
        return tag
    uri, _, local = tag[1:].partition("}")
    prefix = PREFIXES.get(uri)
    if prefix is None:
        prefix = _BY_CASELESS.get(uri.casefold().rstrip("/"))
    if prefix is None:
        return tag
    return f"{prefix}:{local}" if prefix else local
