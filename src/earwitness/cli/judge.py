"""``earwitness judge``: judge the saved evidence of a check again, without its target."""

import sys
from pathlib import Path

import click

from earwitness import checks
from earwitness.check import runner
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Severity
from earwitness.cli import findings, options
from earwitness.report import json
from earwitness.report.check_document import CheckDocument


@click.command()
@click.argument("evidence", type=options.Location(dir_okay=False, allow_dash=True))
@options.output_format(*findings.FORMATS)
@findings.fail_on
@findings.sources
def judge(evidence: str, format_: str, fail_on: str, sources: tuple[Path, ...]) -> None:
    """Judge EVIDENCE, a file of `check --save-evidence` or `check --format json`; - is input."""
    files = findings.read_sources(sources)
    document = checks.judged(_read(evidence), Severity(fail_on), files)
    findings.tell(document, format_)
    sys.exit(int(document.exit_code))


def _read(path: str) -> Evidence:
    try:
        with click.open_file(path, "rb") as file:
            document = json.decode(file.read())
    except (OSError, json.UnknownDocument) as problem:
        raise click.BadParameter(str(problem), param_hint="EVIDENCE") from problem
    seen = document.evidence if isinstance(document, CheckDocument) else document
    if not isinstance(seen, Evidence):
        raise click.BadParameter(f"{document.schema} is no evidence", param_hint="EVIDENCE")
    if not seen.claims and not runner.misses_essential(seen.not_seen):
        # cut down by somebody; that is not "all is well"
        raise click.BadParameter("it holds nothing of any claim", param_hint="EVIDENCE")
    return seen
