"""What somebody sees who runs claims: documents, verdicts, exit codes, predictions."""

import json
import math
import re
import sqlite3
import subprocess
import sys

import pytest


def run_json(earwitness, *arguments):
    done = earwitness("run", *arguments, "--format", "json")
    return done, json.loads(done.stdout) if done.stdout else None


def test_a_third_party_claim_is_found_run_judged_and_reported(earwitness, data):
    assert "sorted-input" in earwitness("claims").stdout
    done, document = run_json(earwitness, "sorted-input", "--seed", "5")
    assert done.returncode == 0
    assert document["schema"] == "earwitness/run/1"
    assert document["claim"] == "sorted-input"
    assert document["verdict"] == "supported"
    assert document["headline"] == "comparisons"
    assert document["seed"] == 5
    headline = document["hypotheses"][0]
    assert headline["id"] == "comparisons"
    # log2(2000!) is 19053 comparisons, and a sorted list needs 1999
    assert 7 < headline["effect"] < 10
    assert headline["interval"][0] <= headline["effect"] <= headline["interval"][1]
    assert (headline["metric"], headline["arm"]) == ("comparisons", "shuffled")
    assert (headline["reference"], headline["unit"]) == ("sorted", "x")
    assert headline["threshold"] == 5 and headline["gates"] == []
    assert {trial["arm"] for trial in document["trials"]} == {"sorted", "shuffled", "reversed"}

    report = data / "report.html"
    text = earwitness("run", "sorted-input", "--report", str(report))
    assert "Sorting is cheaper when the input is sorted already" in text.stdout
    assert "Shuffling cost" in text.stdout
    assert str(report) in text.stdout
    assert "Sorting is cheaper when the input is sorted already" in report.read_text()


def test_the_same_seed_gives_the_same_counts(earwitness):
    counts = []
    for _ in range(2):
        _, document = run_json(earwitness, "sorted-input", "--seed", "11")
        trials = [trial for trial in document["trials"] if trial["block"] <= 3]
        counts.append([(t["arm"], t["observation"]["values"]["comparisons"]) for t in trials])
    assert counts[0] == counts[1]


def test_a_missing_component_is_unavailable_with_the_command_that_installs_it(earwitness):
    done, document = run_json(earwitness, "trouble-absent")
    assert done.returncode == 2
    assert document["verdict"] == "unavailable"
    assert document["hypotheses"][0]["reason"] == "there is no such server"
    assert document["experiments"][0]["install"] == "pip install such-a-server"


def test_a_crash_is_one_line_and_the_record_keeps_it(earwitness):
    done = earwitness("run", "trouble-crash", "--format", "json")
    assert done.returncode == 2
    assert "the bench broke" in done.stderr and "Traceback" not in done.stderr
    listed = json.loads(earwitness("runs", "list", "--format", "json").stdout)
    assert (listed[0]["status"], listed[0]["message"]) == (
        "failed",
        "RuntimeError: the bench broke",
    )


def test_a_worker_that_is_killed_is_noticed(earwitness):
    done = earwitness("run", "trouble-death")
    assert done.returncode == 2
    assert "worker ended unexpectedly" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("claim", "complaint"),
    [
        ("nonsense", "there is no claim 'nonsense'"),
        ("trouble-import", "earwitness_trouble.nowhere"),
        ("trouble-contradiction", "headline 'two' is no hypothesis"),
    ],
)
def test_a_claim_that_cannot_be_run_says_why_in_a_line(earwitness, claim, complaint):
    done = earwitness("run", claim)
    assert done.returncode == 2
    assert complaint in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--budget", "soon"], "no duration"),
        (["--predict", "fast"], "no prediction"),
        (["--predict", "refuted"], "how sure"),
        (["--depth", "deep"], "deep"),
        (["--seed", "-1"], "-1"),
    ],
)
def test_bad_options_are_explained_before_anything_starts(earwitness, options, complaint):
    done = earwitness("run", "sorted-input", *options)
    assert done.returncode == 2 and complaint in done.stderr
    assert json.loads(earwitness("runs", "list", "--format", "json").stdout) == []


def test_a_prediction_is_kept_before_the_run_and_scored_after_it(earwitness, data):
    guesses = ["--predict", "4x", "--predict", "time=1x..100x", "--predict", "supported@80%"]
    done, document = run_json(earwitness, "sorted-input", *guesses)
    assert done.returncode == 0
    by_text = {p["text"]: p for p in document["predictions"]}
    assert by_text["4x"]["log_error"] == pytest.approx(
        abs(math.log(4 / document["hypotheses"][0]["effect"]))
    )
    assert by_text["1x..100x"]["covered"] is True
    assert by_text["supported@80%"]["brier"] == pytest.approx(0.04)
    assert all(p["made_at"] < document["finished_at"] for p in document["predictions"])

    chart = data / "chart.svg"
    told = earwitness("predictions", "--chart", str(chart)).stdout
    assert "3 predictions scored" in told and "Brier score 0.04" in told
    assert "came true 1 of 1" in told
    assert chart.read_text().startswith("<svg")
    scored = json.loads(earwitness("predictions", "--format", "json").stdout)
    assert scored["calibration"]["brier"] == pytest.approx(0.04)
    assert len(scored["predictions"]) == 3


def test_a_prediction_made_for_a_run_that_failed_is_not_scored(earwitness):
    earwitness("run", "trouble-crash", "--predict", "2")
    told = json.loads(earwitness("predictions", "--format", "json").stdout)
    assert told["predictions"][0]["score"] is None
    assert told["calibration"]["scored"] == 0


def test_replay_agrees_and_finds_a_tampered_verdict(earwitness, data):
    run_json(earwitness, "sorted-input")
    agreed = earwitness("runs", "replay", "latest")
    assert agreed.returncode == 0 and "agrees" in agreed.stdout
    with sqlite3.connect(data / "earwitness.db") as raw:
        raw.execute(
            "update events set body = replace(body, '\"comparisons\":', '\"comparisons\":1')"
            ' where body like \'%trial_finished%"arm":"sorted"%\''
        )
    tampered = earwitness("runs", "replay", "latest")
    assert tampered.returncode == 1 and "DISAGREES" in tampered.stdout


def test_past_runs_are_listed_opened_compared_and_exported(earwitness, data):
    _, first = run_json(earwitness, "sorted-input", "--seed", "1")
    _, second = run_json(earwitness, "sorted-input", "--seed", "2")
    listed = json.loads(earwitness("runs", "list", "--format", "json").stdout)
    assert [row["id"] for row in listed] == [second["run_id"], first["run_id"]]
    assert first["run_id"] in earwitness("runs", "list").stdout
    assert "Shuffled input needs" in earwitness("runs", "open", first["run_id"]).stdout
    compared = earwitness("runs", "compare", first["run_id"], second["run_id"], "--format", "json")
    told = json.loads(compared.stdout)
    assert told["environment"]["seed"] == ["1", "2"]
    assert {row["id"] for row in told["hypotheses"]} == {"comparisons", "time", "backwards"}
    exported = earwitness("runs", "export", first["run_id"], "--format", "json").stdout
    assert json.loads(exported) == first
    to = data / "run.md"
    earwitness("runs", "export", first["run_id"], "--format", "markdown", "--to", str(to))
    assert "Sorting is cheaper" in to.read_text()
    assert "no run 'nothing'" in earwitness("runs", "open", "nothing").stderr


def test_without_runs_the_command_to_start_with_is_said(earwitness):
    assert "earwitness run" in earwitness("runs", "list").stdout
    assert "earwitness run" in earwitness("predictions").stdout


def test_a_budget_is_kept(earwitness):
    _, document = run_json(earwitness, "trouble-slow", "--budget", "1s")
    experiment = document["experiments"][0]
    assert experiment["ended"] == "budget" and 3 <= experiment["blocks"] <= 30


def test_help_imports_nothing_heavy():
    program = (
        "import sys, contextlib\n"
        "from earwitness.cli.main import earwitness_command\n"
        "with contextlib.suppress(SystemExit): earwitness_command(['--help'])\n"
        "heavy = {'numpy', 'sqlalchemy', 'rich', 'psycopg', 'msgspec', 'alembic'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"run +Rerun what an episode claims", done.stdout)


def test_no_summary_of_a_command_is_cut(earwitness):
    groups = [()] + [(name,) for name in ("library", "runs", "snips", "review", "export", "eval")]
    for group in groups:
        told = earwitness(*group, "--help").stdout.partition("Commands:")[2].splitlines()[1:]
        assert told, group
        assert [line for line in told if line.endswith("...")] == []


def test_the_doctor_names_components_claims_and_the_store(earwitness):
    done = earwitness("doctor", "--format", "json")
    found = json.loads(done.stdout)
    assert done.returncode == 2  # some of the installed claims are broken on purpose
    assert found["claims"]["sorted-input"] == "ok"
    assert "nowhere" in found["claims"]["trouble-import"]
    assert found["store"]["state"] == "ok"
    assert any(component["name"].startswith("PostgreSQL") for component in found["components"])
    assert "store" in earwitness("doctor").stdout
