"""Pages: what stands on them, what they say when there is nothing, and what goes wrong in words."""

import pytest
from starlette.testclient import TestClient

from earwitness.report.unparted import unparted
from earwitness.servers.component import Component
from earwitness.web import navigation
from tests.web.conftest import EPISODE, SHOW, token

ROOMS = [room.address for _, rooms in navigation.ROOMS for room in rooms]


@pytest.mark.parametrize("address", [*ROOMS, f"/shows/{SHOW}", f"/episodes/{EPISODE}"])
def test_every_room_opens(site: TestClient, address: str) -> None:
    answer = site.get(address)
    assert answer.status_code == 200
    assert "<h1" in answer.text


@pytest.mark.parametrize("address", [*ROOMS, f"/shows/{SHOW}", f"/episodes/{EPISODE}"])
def test_no_page_names_another_host_to_load_from(site: TestClient, address: str) -> None:
    text = site.get(address).text
    for attribute in ("src=", "data-hx-get=", "action=", "poster="):
        for part in text.split(attribute)[1:]:
            assert not part.lstrip('"').startswith(("http:", "https:", "//")), part[:80]
    assert "<style" not in text
    assert "style=" not in text.replace("data-style=", "")
    assert "onclick" not in text


def test_every_link_of_the_menu_and_the_home_page_leads_somewhere(site: TestClient) -> None:
    text = site.get("/").text
    links = {part.partition('"')[0] for part in text.split('href="/')[1:]}
    assert len(links) > 8
    for link in links:
        assert site.get(f"/{link}").status_code == 200, link


def test_titles_are_escaped(site: TestClient) -> None:
    text = site.get(f"/episodes/{EPISODE}").text
    assert "Timsort &amp; &lt;friends&gt;" in text
    assert "<friends>" not in text
    assert "<p>About <em>runs</em>.</p>" in text  # sanitised when it was read


def test_a_long_show_comes_in_parts(site: TestClient) -> None:
    first = site.get(f"/shows/{SHOW}").text
    assert first.count('<li class="entry">') == 40
    assert "40 more" in first
    last = site.get(f"/shows/{SHOW}?first=80").text
    assert last.count('<li class="entry">') == 15
    assert 'class="more"' not in last


def test_htmx_gets_only_the_list(site: TestClient) -> None:
    part = site.get(f"/shows/{SHOW}?words=timsort", headers={"HX-Request": "true"}).text
    assert "<html" not in part
    assert part.count('<li class="entry">') == 1
    assert "1 of 95 episodes" in part


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("order=oldest", "Episode 95"),
        ("order=longest", "Episode 95"),
        ("order=shortest", "Timsort"),
        ("order=title", "Episode 10"),
        ("claims=1", "Timsort"),
        ("order=nonsense&first=x", "Timsort"),
    ],
)
def test_episodes_are_sorted_and_filtered(site: TestClient, query: str, first: str) -> None:
    text = site.get(f"/shows/{SHOW}?{query}").text
    assert text.partition("<h3>")[2].partition("</h3>")[0].find(first) > 0


def test_a_filter_that_finds_nothing_says_what_helps(site: TestClient) -> None:
    assert "No episode has these words" in site.get(f"/shows/{SHOW}?words=zzz").text


def test_the_transcript_can_be_read_and_linked(site: TestClient) -> None:
    text = site.get(f"/episodes/{EPISODE}").text
    assert 'id="t=0"' in text
    assert 'data-at="55.0"' in text
    assert text.count('class="speaker"') > 2
    assert ">Galloping" in text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/nowhere", "No page has this address"),
        ("/shows/none-such", "no show is called"),
        ("/episodes/none/such", "No episode is called"),
        ("/claims/none-such", "No installed package"),
        ("/runs/none-such", "There is no run"),
        ("/runs/compare", "Choose two runs"),
        ("/checks/none-such", "There is no run"),
        (f"/media/{EPISODE}", "recording of this episode is not here"),
    ],
)
def test_errors_are_said_in_words(site: TestClient, address: str, words: str) -> None:
    answer = site.get(address)
    assert answer.status_code in (404, 422)
    assert words.lower() in answer.text.lower()
    assert "Traceback" not in answer.text
    assert "`earwitness" not in answer.text, "a page tells nobody to type commands"


def test_what_is_not_there_leads_to_what_is(site: TestClient) -> None:
    for address, room in (
        ("/snips/none", "/snips"),
        ("/checks/none", "/checks"),
        ("/runs/x", "/claims"),
    ):
        assert f'class="button quiet" href="{room}"' in site.get(address).text


def test_the_doctor_does_not_call_well_what_is_missing(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = Component(name="nginx", version="1.22", source="here")
    monkeypatch.setattr("earwitness.health.components", lambda: (here,))
    assert "All is well" in site.get("/doctor").text
    missing = Component(name="Go", missing="Go is not on this machine")
    monkeypatch.setattr("earwitness.health.components", lambda: (here, missing))
    text = site.get("/doctor").text
    assert "All is well" not in text and "It works, without Go" in text


def test_a_fault_of_ours_tells_nothing_of_itself(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_folder: object) -> object:
        raise RuntimeError("secret words")

    monkeypatch.setattr("earwitness.health.examine", broken)
    answer = site.get("/doctor")
    assert answer.status_code == 500
    assert "fault of ours" in answer.text
    assert "secret words" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_store_that_cannot_be_read_is_told(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from earwitness.store.errors import StoreBusy

    def busy(*_: object) -> object:
        raise StoreBusy("the store is in use by another process; try again")

    monkeypatch.setattr("earwitness.library.catalogue.shows", busy)
    answer = site.get("/")
    assert answer.status_code == 503
    assert "in use by another process" in answer.text


def test_preferences_are_kept_in_the_browser(site: TestClient) -> None:
    assert "data-theme" not in site.get("/").text
    fields = {"token": token(site, "/settings"), "theme": "dark", "skip": "30"}
    assert site.post("/settings", data=fields).status_code == 200
    assert 'data-theme="dark"' in site.get("/").text
    assert 'data-skip="30"' in site.get(f"/episodes/{EPISODE}").text


def test_settings_say_what_speech_is_recognised_with(
    site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EARWITNESS_RECOGNITION_URL", raising=False)
    assert "set EARWITNESS_RECOGNITION_URL to the address" in site.get("/settings").text
    monkeypatch.setenv("EARWITNESS_RECOGNITION_URL", "http://127.0.0.1:8000/v1")
    monkeypatch.setenv("EARWITNESS_RECOGNITION_MODEL", "large")
    assert "large at http://127.0.0.1:8000/v1" in site.get("/settings").text


def test_preferences_that_are_none_are_ignored(site: TestClient) -> None:
    site.cookies.set("earwitness-theme", '"><script>')
    assert "<script>" not in site.get("/").text


def test_a_prediction_that_is_unclear_is_asked_again(site: TestClient) -> None:
    page = "/claims/select-star"
    claim_page = site.get(page).text
    name = claim_page.partition('name="effect-')[2].partition('"')[0]
    fields = {"token": token(site, page), f"effect-{name}": "three-ish"}
    answer = site.post(f"{page}/runs", data=fields)
    assert answer.status_code == 422
    assert "is no prediction; write 3x, or 2x..5x" in answer.text
    assert 'value="three-ish"' in answer.text
    assert site.get(f"{page}/runs").url.path == page


def test_a_depth_that_is_none_is_refused(site: TestClient) -> None:
    fields = {"token": token(site, "/claims/select-star"), "depth": "galaxy"}
    answer = site.post("/claims/select-star/runs", data=fields)
    assert answer.status_code == 422
    assert "proof, study, full" in answer.text
    assert site.get("/api/runs").json() == []


def test_what_cannot_be_done_with_a_page_says_what_can(site: TestClient) -> None:
    for address in ("/claims", "/api/claims"):
        answer = site.put(address)
        assert answer.status_code == 405
        assert "GET" in answer.headers["allow"]


def test_a_plan_is_shown_without_its_password_and_connects_to_nothing(site: TestClient) -> None:
    target = "postgresql://me:geheim7@127.0.0.1:1/shop"
    answer = site.post("/checks/plan", data={"token": token(site, "/checks"), "target": target})
    assert answer.status_code == 200
    assert "What it would do" in answer.text
    assert "geheim7" not in answer.text
    assert site.get("/api/checks").json() == []


def test_a_plan_is_carried_out_once(site: TestClient) -> None:
    target = "postgresql://me:geheim7@127.0.0.1:1/shop"
    plan = site.post("/checks/plan", data={"token": token(site, "/checks"), "target": target}).text
    ticket = plan.partition('name="ticket" value="')[2].partition('"')[0]
    fields = {"token": token(site, "/checks"), "ticket": ticket}
    found = site.post("/checks", data=fields)
    assert found.status_code == 200
    assert "annot connect" in found.text
    for name in ("json", "sarif", "junit", "markdown"):
        download = site.get(f"{found.url.path}/download/{name}")
        assert download.status_code == 200
        assert "attachment" in download.headers["content-disposition"]
        assert "geheim7" not in download.text
    again = site.post("/checks", data=fields)
    assert again.status_code == 410


def test_a_plan_has_an_address_until_it_is_carried_out(site: TestClient) -> None:
    target = "postgresql://me:geheim7@127.0.0.1:1/shop"
    plan = site.post("/checks/plan", data={"token": token(site, "/checks"), "target": target})
    assert plan.history[0].status_code == 303
    assert "What it would do" in site.get(plan.url.path).text
    ticket = plan.url.path.rpartition("/")[2]
    site.post("/checks", data={"token": token(site, "/checks"), "ticket": ticket})
    assert site.get(plan.url.path).status_code == 410
    assert site.get("/checks/plan").url.path == "/checks"


@pytest.mark.parametrize(
    ("target", "options", "said"),
    [
        ("mtls://127.0.0.1:1", {}, "needs a client certificate"),
        ("mtls://127.0.0.1:1", {"key": "/k.pem"}, "needs a client certificate"),
        ("/tmp", {"cert": "/c.pem"}, "--cert means nothing to a target of kind directory"),
        ("postgresql://h:99999/d", {}, "a port is 1 to 65535"),
        ("postgresql://h/d", {"sample-waits": "soon"}, "--sample-waits: "),
        ("postgresql://h/d", {"sample-waits": "5m"}, "a page waits for 3 min only"),
    ],
)
def test_what_cannot_be_asked_for_is_said_and_kept_in_the_form(
    site: TestClient, target: str, options: dict[str, str], said: str
) -> None:
    fields = {f"option-{name}": value for name, value in options.items()}
    token_ = token(site, "/checks")
    answer = site.post("/checks/plan", data={"token": token_, "target": target, **fields})
    assert answer.status_code == 422
    assert unparted(said) in answer.text
    for value in options.values():
        assert f'value="{value}"' in answer.text


def test_a_check_of_mutual_tls_can_be_planned_on_the_page(site: TestClient) -> None:
    fields = {"option-cert": "/c.pem", "option-sni": "a.example\r\nb.example=open"}
    token_ = token(site, "/checks")
    target = "mtls://127.0.0.1:1"
    plan = site.post("/checks/plan", data={"token": token_, "target": target, **fields})
    assert plan.status_code == 200
    assert "What it would do" in plan.text


def test_what_leaves_files_is_for_the_command_line(site: TestClient) -> None:
    order = {"target": "mtls://127.0.0.1:1", "options": {"cert": "/c.pem", "save-session": "/s"}}
    answer = site.post("/api/checks/plan", json=order)
    assert answer.status_code == 422
    assert answer.json()["error"] == "--save-session is for the command line"
    assert "save-session" not in site.get("/checks").text


def test_a_target_that_is_none_is_asked_again_and_not_repeated(site: TestClient) -> None:
    fields = {"token": token(site, "/checks"), "target": "ftp://me:geheim7@host"}
    answer = site.post("/checks/plan", data=fields)
    assert answer.status_code == 422
    assert "geheim7" not in answer.text
