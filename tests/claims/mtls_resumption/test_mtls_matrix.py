"""The matrix as values, the files its servers are given, and what makes its verdicts turn."""

import base64
import json
import signal
import struct
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from earwitness.claims.mtls_resumption import (
    envoy_recipe,
    ground,
    matrix_design,
    matrix_hypotheses,
    recipes,
)
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.recipes import Site
from earwitness.experiment import judgement
from earwitness.experiment.design import AtMost, Depth, Experiment, Role
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers.program import Program

PROGRAM = Program(Path("/bin/server"), "1.0", "here", "")
SECRET = bytes(range(80))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    laid = ground.lay(tmp_path / "ground", None)
    return Site(
        server=laid.server,
        both=tmp_path / "both.pem",
        authority=laid.authority.certificate,
        lists=laid.lists("door"),
        ticket_keys=tmp_path / "keys",
        secret=SECRET,
    )


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (recipes.nginx_recipe, "ssl_session_ticket_key"),
        (recipes.haproxy_recipe, "tls-ticket-keys"),
        (recipes.stunnel_recipe, "ticketKeySecret"),
        (recipes.lighttpd_recipe, "ssl.stek-file"),
    ],
)
def test_a_key_file_is_named_where_there_is_one_and_nowhere_else(make, named, site) -> None:
    settings = {"tls": "1.3", "resumption": "tickets"}
    with_file = "".join(make(PROGRAM, settings, site).files.values())
    alone = "".join(make(PROGRAM, settings, own_keys(site)).files.values())
    assert named in with_file
    assert named not in alone
    assert str(site.lists.revoked) in alone
    assert "TLSv1.3" in alone


def own_keys(site: Site) -> Site:
    return Site(
        server=site.server,
        both=site.both,
        authority=site.authority,
        lists=site.lists,
        ticket_keys=None,
        secret=site.secret,
    )


def test_sessions_in_memory_are_without_tickets(site: Site) -> None:
    settings = {"tls": "1.2", "resumption": "memory"}
    assert "NO_TICKET" in recipes.stunnel_recipe(PROGRAM, settings, site).files["stunnel.conf"]
    text = recipes.haproxy_recipe(PROGRAM, settings, site).files["haproxy.cfg"]
    assert "no-tls-tickets" in text
    assert "tls-ticket-keys" not in text


def test_a_client_that_is_asked_later_is_asked_where_it_matters(site: Site) -> None:
    terminators_modules = "earwitness.servers.terminators.apache_modules"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(terminators_modules, lambda: Path("/modules"))
        settings = {"tls": "1.3", "resumption": "tickets"}
        usual = recipes.apache_recipe(PROGRAM, settings, site).files["apache.conf"]
        later = recipes.apache_recipe(PROGRAM, settings | {"asks": "request"}, site)
    assert "<Location" not in usual
    assert "<Location /api>\nSSLVerifyClient require\n</Location>" in later.files["apache.conf"]


@pytest.mark.parametrize(
    ("further", "resumption", "early_data"),
    [({}, True, False), ({"early": True}, True, True), ({"resumption": "off"}, False, False)],
)
def test_over_quic_an_arm_says_what_is_resumed(further, resumption, early_data, site) -> None:
    settings = {"tls": "1.3", "resumption": "tickets"} | further
    recipe = envoy_recipe.envoy_recipe(PROGRAM, settings, site)
    listeners = json.loads(recipe.files["envoy.json"])["static_resources"]["listeners"]
    (quic,) = (each for each in listeners if each["name"] == "quic")
    (tcp,) = (each for each in listeners if each["name"] == "tcp")
    ends = {
        each["name"]: each["filter_chains"][0]["transport_socket"]["typed_config"]
        for each in (quic, tcp)
    }
    assert ends["quic"]["enable_resumption"] is resumption
    assert ends["quic"]["enable_early_data"] is early_data
    for tls in (ends["tcp"], ends["quic"]["downstream_tls_context"]):
        assert tls["require_client_certificate"] is True
        assert str(site.ticket_keys) in json.dumps(tls)
    assert quic["address"]["socket_address"]["port_value"] == "@port:door@"
    assert str(site.lists.revoked) in recipe.files["clients.json"]
    assert f"@folder@/{recipe.watched}" in recipe.files["clients.json"]
    assert recipe.watched in recipe.folders


def test_keys_in_the_form_that_each_server_reads() -> None:
    lines = recipes.for_haproxy(SECRET).splitlines()
    keys = [base64.b64decode(line) for line in lines]
    assert [len(key) for key in keys] == [48, 48, 48]
    assert len(set(keys)) == 3
    version, begin, end = struct.unpack("=iii", recipes.for_lighttpd(SECRET)[:12])
    assert version == 0
    assert 0 < begin < time.time() < end
    assert len(recipes.for_lighttpd(SECRET)) == 12 + 80
    assert recipes.cut(48)(SECRET) == SECRET[:48]


def test_every_server_but_the_control_is_told_how_to_reload(site: Site) -> None:
    settings = {"tls": "1.3", "resumption": "tickets"}
    assert recipes.nginx_recipe(PROGRAM, settings, site).reload is signal.SIGHUP
    assert recipes.etcd_recipe(PROGRAM, settings, site).reload is None


@pytest.mark.parametrize("experiment", matrix_design.EXPERIMENTS, ids=lambda e: e.id)
def test_arms_of_a_product_differ_and_name_it(experiment: Experiment) -> None:
    settings = [tuple(sorted(arm.settings.items())) for arm in experiment.arms]
    assert len(set(settings)) == len(settings)
    assert {arm.settings["server"] for arm in experiment.arms} == {
        experiment.id.removeprefix("matrix-")
    }


def test_nothing_of_the_matrix_is_part_of_the_proof() -> None:
    assert all(e.plan_at(Depth.PROOF) is None for e in matrix_design.EXPERIMENTS)


# What a run would have to show.

GOOD = {
    "full_before": 1.0,
    "resumed_before": 1.0,
    "full_published": 1.0,
    "resumed_published": 1.0,
    "full_reloaded": 0.0,
    "resumed_reloaded": 0.0,
    "full_restarted": 0.0,
    "resumed_restarted": 0.0,
    "stranger": 0.0,
    "other": 1.0,
}
IN = GOOD | {"resumed_reloaded": 1.0, "resumed_restarted": 1.0}


def judged(experiment: str, seen: dict[str, dict[str, float]]) -> ClaimResult:
    chosen = CLAIM.experiment(experiment)
    trials = [
        Trial(
            experiment=experiment,
            block=block,
            position=position,
            arm=arm.name,
            observation=Observation(values=seen.get(arm.name, GOOD)),
            seconds=0.1,
        )
        for block in (1, 2, 3)
        for position, arm in enumerate(chosen.arms)
    ]
    claim = replace(CLAIM, experiments=(chosen,), charts=())
    return judgement.judge(claim, Depth.STUDY, trials, {})


def verdict_of(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_a_session_that_comes_back_is_support_and_refutes_the_restart() -> None:
    result = judged("matrix-haproxy", {"haproxy-13-file": IN})
    assert verdict_of(result, "matrix-haproxy-reloaded") is Verdict.SUPPORTED
    assert verdict_of(result, "matrix-haproxy-own-keys") is Verdict.SUPPORTED
    assert verdict_of(result, "matrix-haproxy-restarted") is Verdict.REFUTED


def test_a_session_that_does_not_come_back_turns_all_of_it() -> None:
    result = judged("matrix-haproxy", {"haproxy-13-process": IN})
    assert verdict_of(result, "matrix-haproxy-reloaded") is Verdict.REFUTED
    assert verdict_of(result, "matrix-haproxy-own-keys") is Verdict.REFUTED
    assert verdict_of(result, "matrix-haproxy-restarted") is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "broken", [{"full_reloaded": 1.0}, {"stranger": 1.0}, {"other": 0.0}, {"resumed_before": 0.0}]
)
def test_a_list_that_was_not_taken_gives_no_verdict(broken: dict[str, float]) -> None:
    result = judged("matrix-haproxy", {"haproxy-13-file": IN | broken})
    assert verdict_of(result, "matrix-haproxy-reloaded") is Verdict.INCONCLUSIVE


def test_a_control_need_not_resume() -> None:
    arms = CLAIM.experiment("matrix-postgresql").arms
    seen = GOOD | {"resumed_before": 0.0, "resumed_published": 0.0}
    result = judged("matrix-postgresql", {arm.name: seen for arm in arms})
    assert verdict_of(result, "matrix-never-resumed") is Verdict.SUPPORTED


def test_every_server_with_a_key_file_is_expected_to_admit_and_the_remedies_to_refuse() -> None:
    by_role = {role: [h for h in matrix_hypotheses.HYPOTHESES if h.role is role] for role in Role}
    assert by_role[Role.CLAIM] == []
    assert len(by_role[Role.RIVAL]) == 7
    refusing = {(h.contrast.arm, h.criterion) for h in by_role[Role.REMEDY]}
    assert {criterion for _, criterion in refusing} == {AtMost(0)}
    assert len(refusing) == len(by_role[Role.REMEDY])
