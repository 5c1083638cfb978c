"""How a run is told while it goes on; the same on a terminal and on a page.

Pure: events in, a few words out.
"""

from earwitness.experiment import events
from earwitness.report import words


def in_words(event: events.Event) -> str:
    """An event in a few words."""
    match event:
        case events.Waiting():
            return f"waiting for {event.holder} to finish"
        case events.Started():
            return f"depth {event.depth}, seed {event.seed}"
        case events.ServerReady():
            return f"{event.server} ready after {words.duration(event.seconds)}"
        case events.BenchOpened():
            return f"{event.experiment}: bench ready"
        case events.TrialFinished():
            trial = event.trial
            return f"{trial.experiment}, block {trial.block}: {trial.arm}"
        case events.Look():
            return f"{event.experiment}: {words.count(event.block, 'block')} done"
        case events.GateFailed():
            return f"{event.experiment}: {words.gate(event.gate)}"
        case events.ExperimentUnavailable():
            install = f" (install: {event.install})" if event.install else ""
            return f"{event.experiment} is unavailable: {event.reason}{install}"
        case events.ExperimentEnded():
            return f"{event.experiment}: {event.reason} after {words.count(event.blocks, 'block')}"
        case events.Finished():
            return event.result.verdict.value
        case events.Failed():
            return f"failed: {event.message}"
