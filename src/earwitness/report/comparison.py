"""Two runs of a claim, or two checks, side by side: what came out, and what differs around them.

Pure functions from two documents to rows; a row that stands on one side only has no other value.
"""

from collections.abc import Mapping

from earwitness.check.finding import Finding
from earwitness.report import check_words, words
from earwitness.report.check_document import CheckDocument
from earwitness.report.document import RunDocument

Row = dict[str, str | None]


def hypotheses(one: RunDocument, other: RunDocument) -> list[Row]:
    """Every hypothesis of either run, with its verdict and effect in both."""
    ours, theirs = ({h.id: h for h in document.hypotheses} for document in (one, other))
    told: list[Row] = []
    for id in dict.fromkeys([*ours, *theirs]):
        sides = [
            f"{h.verdict.value}, {words.measured(h)}" if h else words.NOTHING
            for h in (ours.get(id), theirs.get(id))
        ]
        told.append({"id": id, "one": sides[0], "other": sides[1]})
    return told


def findings(one: CheckDocument, other: CheckDocument) -> list[Row]:
    """Every finding of either check, with its severity in both; None where it is not found."""
    ours, theirs = ({_key(f): f.severity.value for f in d.findings} for d in (one, other))
    return [
        {"id": id, "where": place, "one": ours.get((id, place)), "other": theirs.get((id, place))}
        for id, place in dict.fromkeys([*ours, *theirs])
    ]


def differing(
    one: RunDocument | CheckDocument, other: RunDocument | CheckDocument
) -> dict[str, tuple[str, str]]:
    """Where the surroundings differ: machine, servers, depth, seed; target, settings, version."""
    ours, theirs = _surroundings(one), _surroundings(other)
    names = dict.fromkeys([*ours, *theirs])
    pairs = {
        name: (ours.get(name, words.NOTHING), theirs.get(name, words.NOTHING)) for name in names
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _surroundings(document: RunDocument | CheckDocument) -> Mapping[str, str]:
    if isinstance(document, CheckDocument):
        return {
            "target": document.target,
            **document.facts,
            **document.evidence.settings,
            "earwitness": document.version,
        }
    servers = ", ".join(sorted({server.server for server in document.servers}))
    return {
        **document.environment,
        "servers": servers,
        "claim": document.claim,
        "depth": document.depth.value,
        "seed": str(document.seed),
    }


def _key(finding: Finding) -> tuple[str, str]:
    return finding.id, check_words.place(finding)
