"""Where each claim stands on this machine: its newest verdict, and whether it is running now."""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.report import selection
from earwitness.store import runs
from earwitness.store.runs import RunRecord
from earwitness.web.site import Site


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One claim."""

    claim: str
    title: str
    installed: bool
    newest: RunRecord | None
    """The newest run that finished."""
    under_way: RunRecord | None

    @property
    def state(self) -> str:
        """The words of its badge."""
        if self.under_way is not None:
            return "running"
        if self.newest is not None:
            return self.newest.verdict or self.newest.status
        return selection.NOT_RUN if self.installed else selection.NO_EXPERIMENT

    @property
    def address(self) -> str | None:
        """Where more is said of it."""
        return f"/claims/{self.claim}" if self.installed else None


def standings(site: Site) -> Mapping[str, Standing]:
    """All installed claims in page order, then those that only have runs."""
    newest: dict[str, RunRecord] = {}
    under_way: dict[str, RunRecord] = {}
    for record in runs.every(site.store):
        if record.kind != "experiment":
            continue
        if record.status == "running":
            under_way.setdefault(record.claim, record)
        elif record.status == "finished":
            newest.setdefault(record.claim, record)
    ids = dict.fromkeys([*site.claims, *newest, *under_way])
    return {
        id: Standing(
            claim=id,
            title=site.claims[id].title if id in site.claims else id,
            installed=id in site.claims,
            newest=newest.get(id),
            under_way=under_way.get(id),
        )
        for id in ids
    }
