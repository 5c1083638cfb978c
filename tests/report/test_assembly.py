"""A document says of an experiment what its plan set, whether or not its bench said it too."""

import datetime as dt

from msgspec.structs import replace

from earwitness.experiment import events
from earwitness.experiment.design import Depth, Fixed, Plan
from earwitness.report import assembly, markdown
from earwitness.report.document import RunDocument
from earwitness.store.runs import RunRecord
from tests.experiment.claims import claim

RECORD = RunRecord(
    id="race-1",
    kind="experiment",
    claim="race",
    depth="proof",
    seed=1,
    status="interrupted",
    message=None,
    verdict=None,
    version="0.1.0",
    owner_pid=1,
    owner_started=0.0,
    started_at=dt.datetime(2026, 3, 14, tzinfo=dt.UTC),
    finished_at=None,
)


def document(**environment: str) -> RunDocument:
    plan = Plan(design=Fixed(blocks=3), settings={"rows": 20_000, "clients": 64})
    asked = claim()
    race = replace(asked.experiments[0], plans={Depth.PROOF: plan})
    started = events.Started(
        claim=replace(asked, experiments=(race,)),
        depth=Depth.PROOF,
        seed=1,
        budget_seconds=None,
        environment={},
    )
    opened = events.BenchOpened(experiment="race", environment=environment)
    return assembly.run_document(RECORD, (started, opened), ())


def test_the_size_of_the_data_and_the_load_are_recorded() -> None:
    (race,) = document(server="PostgreSQL 18.4", rows="19,999 after all").experiments
    assert race.environment == {
        "rows": "19,999 after all",
        "clients": "64",
        "server": "PostgreSQL 18.4",
    }


def test_markdown_says_what_an_experiment_ran_with() -> None:
    said = markdown.render_run(document(capacity="unkeyed 183/s"))
    assert "rows: 20000; clients: 64; capacity: unkeyed 183/s" in said
