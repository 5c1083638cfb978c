"""Who may ask what: hosts, origins, tokens, sizes, the password, the files of the site."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.store import library_tables as tables
from earwitness.store.connection import open_store
from earwitness.web import access, security
from earwitness.web.app import build
from earwitness.web.jobs.limits import TooMany
from earwitness.web.site import Serving
from tests.web.conftest import ADDRESS, EPISODE, token

PASSWORD = "correct horse"


@pytest.fixture
def guarded(stocked: Path) -> Iterator[TestClient]:
    app = build(Serving(folder=stocked, host="192.0.2.7", password=PASSWORD))
    with TestClient(app, base_url="http://192.0.2.7") as client:
        yield client


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "192.0.2.9", "[::"])
def test_another_name_for_this_machine_is_refused(site: TestClient, host: str) -> None:
    assert site.get("/", headers={"Host": host}).status_code == 421


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost", "LOCALHOST:1", "[::1]:8765"])
def test_loopback_by_any_name_is_let_in(site: TestClient, host: str) -> None:
    assert site.get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:81"},
    ],
)
def test_what_another_site_sends_is_not_carried_out(site: TestClient, headers: dict) -> None:
    fields = {"token": token(site, "/settings"), "theme": "dark"}
    assert site.post("/settings", data=fields, headers=headers).status_code == 403
    started = site.post("/api/claims/select-star/runs", json={}, headers=headers)
    assert started.status_code == 403
    assert site.get("/api/runs").json() == []


@pytest.mark.parametrize("said", ["", "x", "0" * 80])
def test_a_form_without_its_token_is_refused(site: TestClient, said: str) -> None:
    site.get("/settings")
    answer = site.post("/settings", data={"token": said, "theme": "dark"})
    assert answer.status_code == 403
    assert "reload the page" in answer.text


def test_a_token_of_another_browser_is_refused(site: TestClient) -> None:
    stolen = token(site, "/settings")
    site.cookies.clear()
    site.get("/settings")
    assert site.post("/settings", data={"token": stolen}).status_code == 403


def test_tokens_are_different_each_time_and_the_cookie_stays(site: TestClient) -> None:
    assert token(site, "/settings") != token(site, "/settings")
    assert "set-cookie" not in site.get("/").headers


def test_the_api_wants_json_which_forms_cannot_send(site: TestClient) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = site.post(
            "/api/claims/select-star/runs", content=b"{}", headers={"Content-Type": kind}
        )
        assert answer.status_code == 415


def test_a_body_that_is_too_long_is_refused_also_without_its_length(site: TestClient) -> None:
    much = b"a" * (security.MOST_BODY_BYTES + 1)
    json = {"Content-Type": "application/json"}
    assert site.post("/api/checks/plan", content=much, headers=json).status_code == 413

    def parts() -> Iterator[bytes]:
        for _ in range(40):
            yield b"a" * 65536

    assert site.post("/api/checks/plan", content=parts(), headers=json).status_code == 413


def test_a_field_that_is_too_long_is_told_by_the_same_rule(site: TestClient) -> None:
    site.get("/settings")
    part = b'--b\r\nContent-Disposition: form-data; name="theme"\r\n\r\n'

    def parts() -> Iterator[bytes]:
        yield part
        for _ in range(40):
            yield b"a" * 2**17

    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = site.post("/settings", content=parts(), headers=kind)
    assert answer.status_code == 413
    assert "2048\N{NO-BREAK SPACE}KiB" in answer.text


def test_every_answer_forbids_what_no_page_needs(site: TestClient) -> None:
    for address in ("/", "/nowhere", "/api/shows", "/runs/none"):
        headers = site.get(address).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"


def test_recordings_are_served_in_parts_and_only_from_the_data_folder(
    site: TestClient, stocked: Path, tmp_path: Path
) -> None:
    (stocked / "one.mp3").write_bytes(bytes(range(256)) * 16)
    (tmp_path / "secret.mp3").write_bytes(b"secret")

    def downloaded(name: str) -> None:
        with open_store(stocked) as store, store.writing() as connection:
            chosen = tables.episodes.update().where(tables.episodes.c.id == EPISODE)
            connection.execute(chosen.values(audio_file=name))

    downloaded("one.mp3")
    part = site.get(f"/media/{EPISODE}", headers={"Range": "bytes=256-511"})
    assert part.status_code == 206
    assert part.content == bytes(range(256))
    assert part.headers["content-type"] == "audio/mpeg"
    for outside in ("../secret.mp3", str(tmp_path / "secret.mp3")):
        downloaded(outside)
        assert site.get(f"/media/{EPISODE}").status_code == 404


def test_files_of_the_site_are_kept_for_good_and_packed(site: TestClient) -> None:
    text = site.get("/").text
    style = text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    answer = site.get(style)
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "--paper" in answer.text
    assert site.get("/static/x/none.css").status_code == 404
    assert site.get("/static/x/..%2fapp.py").status_code == 404


def test_the_password_is_asked_for(guarded: TestClient) -> None:
    answer = guarded.get("/claims")
    assert answer.url.path == "/login"
    assert "Who is there?" in answer.text
    assert guarded.get("/api/shows").status_code == 401
    assert guarded.get(f"/media/{EPISODE}").url.path == "/login"


def test_the_password_lets_in(guarded: TestClient) -> None:
    wrong = guarded.post("/login", data={"token": token(guarded, "/login"), "password": "x"})
    assert wrong.status_code == 403
    right = {"token": token(guarded, "/login"), "password": PASSWORD}
    assert guarded.post("/login", data=right).url.path == "/"
    assert guarded.get("/claims").url.path == "/claims"
    guarded.cookies.delete("earwitness-visitor")
    guarded.cookies.set("earwitness-visitor", "0" * 80)
    assert guarded.get("/claims").url.path == "/login"


def test_programs_say_the_password_with_every_request(guarded: TestClient) -> None:
    said = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    assert guarded.get("/api/shows", headers={"Authorization": f"Basic {said}"}).status_code == 200
    for wrong in ("Basic eA==", "Basic !", "Bearer x", "Basic"):
        assert guarded.get("/api/shows", headers={"Authorization": wrong}).status_code == 401


def test_guesses_are_bounded_for_who_makes_them(stocked: Path) -> None:
    app = build(Serving(folder=stocked, password=PASSWORD))
    with TestClient(app, ADDRESS, client=("10.0.0.1", 1)) as guessing:
        statuses = [
            guessing.post(
                "/login", data={"token": token(guessing, "/login"), "password": "x"}
            ).status_code
            for _ in range(12)
        ]
        assert statuses[0] == 403
        assert statuses[-1] == 429
        refused = guessing.get("/api/shows", auth=("me", PASSWORD))
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) <= 61
        another = TestClient(app, ADDRESS, client=("10.0.0.2", 1))
        assert another.get("/api/shows", auth=("me", PASSWORD)).status_code == 200


def test_guesses_from_everywhere_are_bounded_as_well() -> None:
    guesses = access.Guesses()
    with pytest.raises(TooMany):
        for number in range(2000):
            for rate in guesses.of(f"10.1.{number // 250}.{number % 250}"):
                rate.take()


def test_who_said_the_password_stays_until_it_is_another(stocked: Path) -> None:
    said: dict[str, str] = {}
    for password, let_in in ((PASSWORD, True), (PASSWORD, True), ("another", False)):
        with TestClient(build(Serving(folder=stocked, password=password)), ADDRESS) as site:
            site.cookies.update(said)
            if not said:
                fields = {"token": token(site, "/login"), "password": PASSWORD}
                site.post("/login", data=fields)
                said = dict(site.cookies)
            assert (site.get("/claims").url.path == "/claims") is let_in


def test_a_page_from_before_a_restart_can_be_sent(stocked: Path) -> None:
    with TestClient(build(Serving(folder=stocked)), ADDRESS) as before:
        fields = {"token": token(before, "/settings"), "theme": "dark"}
        cookies = dict(before.cookies)
    with TestClient(build(Serving(folder=stocked)), ADDRESS, cookies=cookies) as after:
        assert after.post("/settings", data=fields).status_code == 200


def test_after_the_password_comes_the_page_that_was_wanted(guarded: TestClient) -> None:
    page = guarded.get("/search?q=sorted+runs")
    assert page.url.path == "/login"
    fields = {"token": token(guarded, "/login"), "password": PASSWORD}
    fields["next"] = page.url.params["next"]
    answer = guarded.post("/login", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/search?q=sorted+runs"


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", ""],
)
def test_login_leads_home_and_nowhere_else(guarded: TestClient, elsewhere: str) -> None:
    page = guarded.get("/login", params={"next": elsewhere}, follow_redirects=False)
    assert "evil" not in page.text
    fields = {"token": token(guarded, "/login"), "password": PASSWORD, "next": elsewhere}
    answer = guarded.post("/login?next=//evil.example", data=fields, follow_redirects=False)
    assert answer.headers["location"] == "/"
