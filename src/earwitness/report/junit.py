"""A check as JUnit XML, for pipelines that show tests.

Every claim is a test suite and every finding a test case, which fails when the finding is as bad as
was asked for. What was not seen is an error where it is essential, else skipped: never a pass.
"""

from xml.etree import ElementTree as Tree

from earwitness.check.evidence import Unseen
from earwitness.check.finding import Finding
from earwitness.report import check_words as words
from earwitness.report.check_document import CheckDocument

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def render(document: CheckDocument) -> str:
    """The XML, as text."""
    suites = Tree.Element("testsuites", name=words.visible(f"earwitness check {document.target}"))
    for claim in document.claims:
        suites.append(_suite(claim, document))
    _count(suites)
    Tree.indent(suites)
    return _DECLARATION + Tree.tostring(suites, encoding="unicode") + "\n"


def _suite(claim: str, document: CheckDocument) -> Tree.Element:
    suite = Tree.Element("testsuite", name=claim, timestamp=document.checked_at.isoformat())
    for finding in document.findings:
        if finding.claim == claim:
            suite.append(_case(finding, document.failing(finding)))
    for one in document.not_seen:
        if one.claim == claim:
            suite.append(_missed(one))
    _count(suite)
    return suite


def _case(finding: Finding, fails: bool) -> Tree.Element:
    place = words.place(finding)
    name = f"{finding.title} ({place})" if place else finding.title
    case = Tree.Element("testcase", classname=finding.id, name=words.visible(name))
    source = words.source(finding)
    where = f" In {source}." if source else ""
    told = words.visible(f"{finding.severity}: {finding.statement}{where} Fix: {finding.fix}")
    if fails:
        failure = Tree.SubElement(
            case, "failure", type=finding.severity.value, message=words.visible(finding.title)
        )
        failure.text = told
    else:
        Tree.SubElement(case, "system-out").text = told
    return case


def _missed(one: Unseen) -> Tree.Element:
    case = Tree.Element("testcase", classname=f"{one.claim}/not-seen", name=words.visible(one.what))
    told = words.visible(f"{one.reason}{words.needs(one)}")
    Tree.SubElement(case, "error" if one.essential else "skipped", message=told)
    return case


def _count(element: Tree.Element) -> None:
    """Write how many cases there are below, and how they ended, as readers expect it."""
    element.set("tests", str(len(element.findall(".//testcase"))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(name, str(len(element.findall(f".//{tag}"))))
