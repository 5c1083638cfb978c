"""The fetcher against a server of our own that misbehaves."""

import gzip
import os
import time
import tracemalloc
import zlib

import pytest

from earwitness.library.fetching import fetcher, problems
from earwitness.library.fetching.web import Web
from earwitness.servers import certificates
from tests.library import strangers
from tests.library.confined import most_cpu_seconds
from tests.library.strangers import answer, redirect


def raw(*pieces, pause=0.0):
    """Send bytes as they are, the status line included."""

    def page(request):
        for piece in pieces:
            request.wfile.write(piece)
            request.wfile.flush()
            time.sleep(pause)

    return page


@pytest.fixture
def once(web):
    """The web, asked once."""
    return Web(allowed=web.allowed, limits=web.limits, tries=1)


def test_a_page_is_fetched_whole_and_says_who_asks(web, stranger):
    stranger.pages["/feed"] = b"<rss/>"
    fetched = fetcher.fetch(web, stranger.url("/feed"), headers={"If-None-Match": '"a"'})
    assert (fetched.status, fetched.body, fetched.moved_to) == (200, b"<rss/>", None)
    headers = stranger.seen[0][1]
    assert headers["user-agent"].startswith("Earwitness/")
    assert headers["if-none-match"] == '"a"'
    assert headers["host"] == f"127.0.0.1:{stranger.port}"


def test_not_modified_is_an_answer(web, stranger):
    stranger.pages["/"] = lambda request: answer(request, status=304, ETag='"b"')
    fetched = fetcher.fetch(web, stranger.url())
    assert (fetched.status, fetched.body, fetched.headers["etag"]) == (304, b"", '"b"')


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"one") + gzip.compress(b" two")),
        ("deflate", zlib.compress(b"one two")),
        ("deflate", zlib.compress(b"one two", wbits=-15)),
        ("identity", b"one two"),
    ],
    ids=("gzip, two parts", "deflate as zlib", "deflate without a head", "not packed"),
)
def test_packed_answers_are_unpacked(web, stranger, coding, packed):
    stranger.pages["/"] = lambda request: answer(request, packed, Content_Encoding=coding)
    assert fetcher.fetch(web, stranger.url()).body == b"one two"


def test_permanent_moves_are_told_and_a_temporary_one_ends_them(web, stranger):
    stranger.pages |= {
        "/old": redirect("/new", 301),
        "/new": redirect("/newest", 308),
        "/newest": redirect("/today", 302),
        "/today": redirect("/now", 301),
        "/now": b"here",
    }
    fetched = fetcher.fetch(web, stranger.url("/old"))
    assert fetched.body == b"here"
    assert fetched.url == stranger.url("/now")
    assert fetched.moved_to == stranger.url("/newest")


@pytest.mark.parametrize(
    "to",
    [
        "http://localhost:{port}/secret",
        "http://127.1:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://0x7f.1:{port}/secret",
        "http://0.0.0.0:{port}/secret",
        "http://[::1]:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://[64:ff9b::7f00:1]:{port}/secret",
        "http://169.254.169.254/latest/meta-data",
        "//localhost:{port}/secret",
        "file:///etc/passwd",
        "ftp://localhost/",
        "gopher://localhost:{port}/",
    ],
)
def test_every_redirect_is_judged_anew(once, stranger, to):
    stranger.pages |= {"/": redirect(to.format(port=stranger.port)), "/secret": b"secret"}
    with pytest.raises((problems.Refused, problems.NotAnAddress)):
        fetcher.fetch(once, stranger.url())
    assert [path for path, _ in stranger.seen] == ["/"]


def test_a_redirect_without_end_is_left(once, stranger):
    stranger.pages["/"] = redirect("/")
    with pytest.raises(problems.Refused, match="more than 5 redirects"):
        fetcher.fetch(once, stranger.url())
    assert len(stranger.seen) == 6


def test_a_password_stays_with_its_origin(web, stranger):
    stranger.pages |= {
        "/": redirect("/same"),
        "/same": redirect(f"http://LOCALHOST:{stranger.port}/other"),
        "/other": b"",
    }
    web = Web(allowed=web.allowed | {"localhost"}, limits=web.limits, sleep=web.sleep)
    fetcher.fetch(web, stranger.url("/", host="me:pass%20word@127.0.0.1"))
    logins = [headers.get("authorization") for _, headers in stranger.seen]
    assert logins == ["Basic bWU6cGFzcyB3b3Jk", "Basic bWU6cGFzcyB3b3Jk", None]


def test_a_move_is_told_with_its_password_or_not_at_all(web, stranger):
    mine = stranger.url("/", host="me:secret@127.0.0.1")
    stranger.pages |= {"/": redirect("/new", 301), "/new": b""}
    moved_to = fetcher.fetch(web, mine).moved_to
    assert moved_to == stranger.url("/new", host="me:secret@127.0.0.1")
    stranger.pages["/"] = redirect(f"http://localhost:{stranger.port}/new", 301)
    web = Web(allowed=web.allowed | {"localhost"}, limits=web.limits)
    assert fetcher.fetch(web, mine).moved_to is None


def test_a_password_is_never_shown():
    assert fetcher.shown("https://me:secret@a.example/feed?x=1#y") == "https://a.example/feed?x=1"
    assert "\n" not in fetcher.shown("https://a.example/\nforged")


BOMB = gzip.compress(bytes(200_000_000), compresslevel=9)

HOSTILE = {
    "announces too much": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"),
        problems.TooBig,
    ),
    "sends too much": (
        raw(b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(50_000)] * 5),
        problems.TooBig,
    ),
    "bomb": (
        lambda request: answer(request, BOMB[:90_000], Content_Encoding="gzip"),
        problems.TooBig,
    ),
    "many empty parts": (
        lambda request: answer(request, gzip.compress(b"") * 4_000, Content_Encoding="gzip"),
        problems.TooBig,
    ),
    "short body": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"),
        problems.Incomplete,
    ),
    "short chunks": (
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"),
        problems.Incomplete,
    ),
    "truncated gzip": (
        lambda request: answer(
            request, gzip.compress(os.urandom(500))[:-4], Content_Encoding="gzip"
        ),
        problems.Incomplete,
    ),
    "no gzip": (
        lambda request: answer(request, b"plain", Content_Encoding="gzip"),
        problems.Incomplete,
    ),
    "unknown coding": (
        lambda request: answer(request, b"plain", Content_Encoding="br"),
        problems.Incomplete,
    ),
    "no HTTP": (raw(b"SSH-2.0-OpenSSH\r\n"), problems.Incomplete),
    "endless header line": (raw(b"HTTP/1.1 200 OK\r\nX: " + bytes(100_000)), problems.Incomplete),
    "too many headers": (raw(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 500), problems.Incomplete),
    "nothing": (raw(), problems.NotFetched),
    "redirect to nowhere": (raw(b"HTTP/1.1 302 Found\r\n\r\n"), problems.Incomplete),
    "gone": (lambda request: answer(request, status=410), problems.Gone),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers_end_soon_and_small_with_a_named_error(once, stranger, name):
    stranger.pages["/"], expected = HOSTILE[name]
    tracemalloc.start()
    with pytest.raises(expected) as problem:
        fetcher.fetch(once, stranger.url())
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "\n" not in str(problem.value)
    assert most < 5_000_000


LARGE = {
    "a bomb": (lambda request: answer(request, BOMB, Content_Encoding="gzip"), problems.TooBig),
    "a bomb, deflated": (
        lambda request: answer(
            request, zlib.compress(bytes(100_000_000)), Content_Encoding="deflate"
        ),
        problems.TooBig,
    ),
    "many empty parts": (
        lambda request: answer(request, gzip.compress(b"") * 500_000, Content_Encoding="gzip"),
        problems.TooBig,
    ),
    "no end": (raw(b"HTTP/1.1 200 OK\r\n\r\n", *[bytes(1_000_000)] * 22), problems.TooBig),
    "small chunks": (
        raw(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\na\r\n" * 50_000,
            b"2\r\n",
        ),
        problems.Incomplete,
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_the_usual_limits_cost_a_second_of_cpu_time_at_most(stranger, name):
    stranger.pages["/"], expected = LARGE[name]
    web = Web(allowed=frozenset({"127.0.0.1"}), tries=1)
    begun = time.thread_time()
    with pytest.raises(expected):
        fetcher.fetch(web, stranger.url())
    assert time.thread_time() - begun <= most_cpu_seconds()


@pytest.mark.parametrize(
    "pieces",
    [
        [b"H", b"T", b"T", b"P"] * 50,
        [b"HTTP/1.1 200 OK\r\n"] + [b"X: y\r\n"] * 90,
        [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"] + [b"x"] * 200,
        [b"HTTP/1.1 100 Continue\r\n\r\n"] * 200,
    ],
    ids=["status", "headers", "body", "continue"],
)
def test_dripping_ends_with_the_deadline(stranger, web, pieces):
    limits = type(web.limits)(seconds=0.4, idle_seconds=0.3)
    stranger.pages["/"] = raw(*pieces, pause=0.02)
    with pytest.raises(problems.TooSlow, match="not complete in time"):
        fetcher.fetch(Web(allowed=web.allowed, limits=limits, tries=1), stranger.url())


def test_what_used_up_its_time_is_not_asked_again(stranger, web, waits):
    limits = type(web.limits)(seconds=0.4, idle_seconds=0.3)
    slow = Web(allowed=web.allowed, limits=limits, sleep=waits.append)
    stranger.pages["/"] = raw(*[b"H", b"T", b"T", b"P"] * 50, pause=0.02)
    with pytest.raises(problems.OutOfTime):
        fetcher.fetch(slow, stranger.url())
    assert (len(stranger.seen), waits) == (1, [])


def test_tries_together_have_a_deadline_too(stranger, web, waits):
    limits = type(web.limits)(seconds=0.5, idle_seconds=0.3)
    slow = Web(allowed=web.allowed, limits=limits, tries=9, sleep=waits.append)
    stranger.pages["/"] = raw(b"HTTP/1.1 200 OK\r\n", pause=0.35)
    with pytest.raises(problems.TooSlow):
        fetcher.fetch(slow, stranger.url())
    assert len(stranger.seen) == 2


def test_silence_ends_sooner_than_the_deadline(once, stranger):
    stranger.pages["/"] = raw(b"HTTP/1.1 200 OK\r\n", pause=1.0)
    with pytest.raises(problems.TooSlow, match="sent nothing"):
        fetcher.fetch(once, stranger.url())


def test_what_fails_in_passing_is_tried_again_after_growing_waits(web, stranger, waits):
    answers = iter([503, 500, 200])
    stranger.pages["/"] = lambda request: answer(request, b"at last", status=next(answers))
    assert fetcher.fetch(web, stranger.url()).body == b"at last"
    first, second = waits
    assert 1.0 <= first <= 1.5 and 2.0 <= second <= 3.0


def test_retry_after_is_respected_and_one_that_is_too_long_ends_it(web, stranger, waits):
    answers = iter(["7", "3600"])
    stranger.pages["/"] = lambda request: answer(request, status=429, Retry_After=next(answers))
    with pytest.raises(problems.Answered) as problem:
        fetcher.fetch(web, stranger.url())
    assert (waits, problem.value.retry_after) == ([7.0], 3600.0)


@pytest.mark.parametrize("wait", ["\u00b2", "soon", "Thu, 99 Foo 2024", "-1", "9" * 400])
def test_a_retry_after_that_says_nothing_is_none(web, stranger, wait):
    stranger.pages["/"] = lambda request: answer(request, status=503, Retry_After=wait)
    with pytest.raises(problems.Answered, match="answers 503"):
        fetcher.fetch(web, stranger.url())


def test_a_refusal_is_not_asked_again(web, stranger, waits):
    with pytest.raises(problems.Answered, match="answers 404"):
        fetcher.fetch(web, stranger.url("/missing"))
    assert waits == []


def test_strangers_get_a_pause_and_own_hosts_do_not(web, stranger, waits):
    stranger.pages["/"] = b""
    for _ in range(2):
        fetcher.fetch(web, stranger.url())
    assert waits == []
    with web.turn("a.example"):
        pass
    with web.turn("a.example"):
        pass
    assert len(waits) == 1 and 0.9 < waits[0] <= 1.0


def test_proxies_of_the_environment_are_ignored(web, stranger, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    stranger.pages["/"] = b"direct"
    assert fetcher.fetch(web, stranger.url()).body == b"direct"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "file:///etc/passwd",
        "http://",
        "http://a b/",
        "http://[::1",
        "http://a:b/",
        "https://" + "a" * 70,
    ],
)
def test_what_is_no_web_address_is_named(web, url):
    with pytest.raises(problems.NotAnAddress):
        fetcher.fetch(web, url)


def test_nobody_there(once):
    with pytest.raises(problems.Unreachable, match="cannot be reached"):
        fetcher.fetch(once, "http://127.0.0.1:1/")


@pytest.fixture
def issued(tmp_path):
    """A certificate for 127.0.0.1 of an authority of our own."""
    authority = certificates.authority(tmp_path / "authority")
    return authority, authority.server("127.0.0.1", names=())


def test_a_certificate_has_to_be_valid_and_for_the_host(issued, once, monkeypatch):
    authority, pair = issued
    with strangers.stranger(tls=(pair.certificate, pair.key)) as stranger:
        stranger.pages["/"] = b"secret"
        url = f"https://127.0.0.1:{stranger.port}/"
        with pytest.raises(problems.Untrusted, match="is not valid"):
            fetcher.fetch(once, url)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert fetcher.fetch(once, url).body == b"secret"
        web = Web(allowed=frozenset({"localhost"}), limits=once.limits)
        with pytest.raises(problems.Untrusted, match="localhost"):
            fetcher.fetch(web, f"https://localhost:{stranger.port}/")


def test_a_password_never_goes_from_https_to_http(issued, once, stranger, monkeypatch):
    authority, pair = issued
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    stranger.pages["/plain"] = b"in the clear"
    with strangers.stranger(tls=(pair.certificate, pair.key)) as secure:
        secure.pages["/"] = redirect(stranger.url("/plain"))
        with pytest.raises(problems.Refused, match="from https to http"):
            fetcher.fetch(once, f"https://me:secret@127.0.0.1:{secure.port}/")
        assert stranger.seen == []
        assert fetcher.fetch(once, f"https://127.0.0.1:{secure.port}/").body == b"in the clear"
