"""The claim that the how-to writes is the one in tests/packages, and what it adds works."""

import contextlib
import os
import shutil
import subprocess
import sys
import types

import msgspec
import pytest

from earwitness.experiment import consistency, design
from earwitness.experiment.bench import Unavailable
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Depth
from earwitness.experiment.events import ServerReady
from earwitness.experiment.runner import Run
from earwitness.experiment.verdict import Verdict
from earwitness.servers import workspace
from earwitness.servers.process import MissingComponent
from tests.docs import pages

PAGE = pages.DOCS / "how-to" / "write-a-claim.md"
PACKAGE = pages.ROOT / "tests" / "packages" / "sorted_input"


def quotations():
    return [block for block in pages.blocks(PAGE) if block.label.startswith("tests/packages/")]


@pytest.mark.parametrize("block", quotations(), ids=lambda block: block.text.split("\n")[0].strip())
def test_what_is_quoted_stands_in_the_file(block):
    assert block.text in (pages.ROOT / block.label).read_text()


def test_the_package_is_quoted():
    assert {block.label.rpartition("/")[2] for block in quotations()} == {
        "claim.py",
        "experiment.py",
        "pyproject.toml",
    }


def test_the_tests_of_the_page_pass(tmp_path):
    [block] = pages.labelled(PAGE, "test_sorted_input.py")
    (tmp_path / "test_sorted_input.py").write_text(block.text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {"PYTHONPATH": f"{PACKAGE / 'src'}:{pages.ROOT / 'src'}"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@pytest.fixture
def extended(monkeypatch):
    """The package with what the page adds: its claim and its ``open_bench``."""
    monkeypatch.syspath_prepend(str(PACKAGE / "src"))
    name = "earwitness_sorted_input"
    import earwitness_sorted_input.claim
    import earwitness_sorted_input.experiment

    node = types.ModuleType(f"{name}.node")
    monkeypatch.setitem(sys.modules, node.__name__, node)  # dataclasses look for their module
    [block] = pages.labelled(PAGE, "node.py")
    exec(block.text, vars(node))
    added = dict(vars(design))
    for block in pages.labelled(PAGE, "claim.py"):
        exec(block.text, added)
    bench = {**vars(earwitness_sorted_input.experiment), "node": node, "ServerReady": ServerReady}
    for block in pages.labelled(PAGE, "experiment.py"):
        exec(block.text, bench)
    yield _joined(earwitness_sorted_input.claim.CLAIM, added), bench["open_bench"]
    for module in [known for known in sys.modules if known.split(".")[0] == name]:
        del sys.modules[module]


def _joined(claim, added):
    [sort] = claim.experiments
    study = msgspec.structs.replace(
        sort,
        plans=added["PLANS"],
        arms=(*sort.arms, added["AGAIN"]),
        gates=(added["SAME_INPUT_TWICE"],),
    )
    return msgspec.structs.replace(
        claim,
        experiments=(study, added["NODE"]),
        hypotheses=(*claim.hypotheses, added["IN_NODE"]),
    )


def conduct(claim, open_bench, folder):
    happened = []
    run = Run(
        claim=claim,
        depth=Depth.STUDY,
        seed=1,
        budget=Budget(seconds=20.0),
        open_bench=open_bench,
        workspace=folder,
        emit=happened.append,
    )
    return run.conduct(environment={}), happened


@pytest.mark.live
@pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not on this machine")
def test_the_study_has_its_control_and_its_server(extended):
    claim, open_bench = extended
    assert consistency.problems(claim) == ()
    with workspace.workspace(f"docs-{os.getpid()}") as folder:
        result, happened = conduct(claim, open_bench, folder)
    assert result.hypothesis("comparisons").verdict is Verdict.SUPPORTED
    assert result.hypothesis("in-node").verdict is Verdict.SUPPORTED
    assert [gate.id for gate in result.hypothesis("time").gates] == ["same-input-twice"]
    [server] = [event.server for event in happened if isinstance(event, ServerReady)]
    assert server.startswith("Node.js v")


def test_without_node_only_its_experiment_is_unavailable(extended, monkeypatch, tmp_path):
    claim, open_bench = extended
    monkeypatch.setattr(shutil, "which", lambda program: None)

    @contextlib.contextmanager
    def opened(experiment, settings):
        # as the worker tells it to the runner
        try:
            with open_bench(experiment, settings) as bench:
                yield bench
        except MissingComponent as missing:
            raise Unavailable(missing.reason, missing.install) from missing

    result, _ = conduct(claim, opened, tmp_path)
    assert result.hypothesis("in-node").verdict is Verdict.UNAVAILABLE
    assert result.hypothesis("comparisons").verdict is Verdict.SUPPORTED
