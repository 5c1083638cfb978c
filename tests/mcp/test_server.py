"""The server as an assistant uses it: started as a process, spoken to by the SDK's own client."""

import contextlib
import json
import sys

import anyio
import pytest

pytest.importorskip("mcp", reason="the MCP SDK is not installed")

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

READING = {
    "search",
    "ask",
    "shows",
    "episodes",
    "episode",
    "snips",
    "claims",
    "runs",
    "verdicts",
    "check_plan",
}
WRITING = {"add_snip", "run_claim"}
SHOW = "backend-engineering-show"


@contextlib.asynccontextmanager
async def assistant(earwitness, *options):
    command, *arguments = earwitness.command("mcp", *options)
    server = StdioServerParameters(
        command=command, args=arguments, env=dict(earwitness.environment)
    )
    async with (
        stdio_client(server, errlog=sys.__stderr__) as (reader, writer),
        ClientSession(reader, writer) as session,
    ):
        await session.initialize()
        yield session


def talk(earwitness, conversation, *options):
    """Run an async function with a session, to its end."""

    async def talking():
        with anyio.fail_after(120):
            async with assistant(earwitness, *options) as session:
                return await conversation(session)

    return anyio.run(talking)


async def call(session, tool, **arguments):
    result = await session.call_tool(tool, arguments)
    assert not result.is_error, result.content
    return result.structured_content or json.loads(result.content[0].text)


def test_reading_tools_are_offered_and_say_that_they_only_read(earwitness):
    async def conversation(session):
        return (await session.list_tools()).tools

    tools = talk(earwitness, conversation)
    assert {tool.name for tool in tools} == READING
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.description for tool in tools)


def test_tools_that_write_are_offered_only_when_allowed(earwitness):
    async def conversation(session):
        names = {tool.name for tool in (await session.list_tools()).tools}
        saved = await call(
            session,
            "add_snip",
            episode="ssd-fsync",
            start_seconds=560,
            end_seconds=580,
            note="lies",
        )
        found = await call(session, "snips", episode="ssd-fsync")
        return names, saved, found

    names, saved, found = talk(earwitness, conversation, "--allow-write")
    assert names == READING | WRITING
    assert [one["snip"] for one in found["snips"]] == [saved["snip"]]
    assert found["snips"][0]["note"] == "lies"


def test_without_leave_to_write_a_snip_cannot_be_saved(earwitness):
    async def conversation(session):
        arguments = {"episode": "ssd-fsync", "start_seconds": 1, "end_seconds": 2}
        with contextlib.suppress(Exception):
            result = await session.call_tool("add_snip", arguments)
            assert result.is_error
        return await call(session, "snips")

    assert talk(earwitness, conversation) == {"snips": []}


def test_an_assistant_finds_asks_and_looks_further(earwitness):
    async def conversation(session):
        return {
            "found": await call(session, "search", query="SSD ignores the flush"),
            "answer": await call(session, "ask", question="is SELECT * slow?"),
            "nothing": await call(session, "ask", question="how do I bake sourdough bread?"),
            "shows": await call(session, "shows"),
            "episodes": await call(session, "episodes", show=SHOW),
            "episode": await call(session, "episode", episode="select-star"),
            "claims": await call(session, "claims"),
            "runs": await call(session, "runs"),
            "verdicts": await call(session, "verdicts"),
        }

    told = talk(earwitness, conversation)
    assert told["found"]["results"][0]["episode_id"] == f"{SHOW}/ssd-fsync"
    assert not told["answer"]["abstained"]
    assert {one["episode_id"] for one in told["answer"]["citations"]} == {f"{SHOW}/select-star"}
    assert told["nothing"]["abstained"] and told["nothing"]["citations"] == []
    assert [show["show"] for show in told["shows"]["shows"]] == [SHOW]
    assert len(told["episodes"]["episodes"]) == 10
    assert "How SELECT Works" in [one["title"] for one in told["episode"]["chapters"]]
    assert "select-star" in [one["claim"] for one in told["claims"]["claims"]]
    assert told["runs"] == {"runs": []}
    assert any("earwitness run select-star" in one["text"] for one in told["verdicts"]["verdicts"])


def test_a_claim_is_run_and_its_verdict_is_kept(earwitness):
    async def conversation(session):
        ran = await call(session, "run_claim", claim="sorted-input")
        return ran, await call(session, "runs", claim="sorted-input")

    ran, kept = talk(earwitness, conversation, "--allow-write")
    assert ran["status"] == "finished"
    assert ran["verdict"] == "supported"
    assert "measured here: supported" in ran["text"]
    assert [(one["run"], one["verdict"]) for one in kept["runs"]] == [(ran["run"], "supported")]


def test_without_leave_to_write_no_claim_is_run(earwitness):
    async def conversation(session):
        with contextlib.suppress(Exception):
            result = await session.call_tool("run_claim", {"claim": "sorted-input"})
            assert result.is_error
        return await call(session, "runs")

    assert talk(earwitness, conversation) == {"runs": []}


@pytest.mark.parametrize(
    ("claim", "status", "verdict", "said"),
    [
        ("trouble-crash", "failed", None, "the bench broke"),
        ("trouble-death", "failed", None, "the worker ended unexpectedly"),
        ("trouble-absent", "finished", "unavailable", "pip install such-a-server"),
    ],
)
def test_a_run_that_goes_wrong_says_so(earwitness, claim, status, verdict, said):
    async def conversation(session):
        return await call(session, "run_claim", claim=claim)

    ran = talk(earwitness, conversation, "--allow-write")
    assert (ran["status"], ran["verdict"]) == (status, verdict)
    assert said in ran["text"]


def test_a_run_that_nobody_waits_for_any_more_is_stopped(earwitness):
    async def conversation(session):
        with anyio.move_on_after(3):
            await call(session, "run_claim", claim="trouble-slow")
        while True:
            kept = (await call(session, "runs", claim="trouble-slow"))["runs"]
            if kept and kept[0]["status"] != "running":
                return kept[0]["status"]
            await anyio.sleep(0.1)

    assert talk(earwitness, conversation, "--allow-write") == "interrupted"


def test_the_plan_of_a_check_is_told_without_connecting(earwitness):
    async def conversation(session):
        # port 9 discards: whoever connected to it would fail or wait
        return await call(session, "check_plan", target="postgresql://somebody@127.0.0.1:9/none")

    plan = talk(earwitness, conversation)
    assert plan["schema"] == "earwitness/plan/1"
    assert "partition-locks" in [one["claim"] for one in plan["checks"]]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("episode", {"episode": "no such episode"}, "no episode is called"),
        ("check_plan", {"target": "gopher://somewhere"}, "no address of a kind"),
        ("ask", {"question": "anything", "show": "nobody"}, "no show is called"),
        ("run_claim", {"claim": "no-such-claim"}, "there is no claim 'no-such-claim'"),
        ("run_claim", {"claim": "select-star", "depth": "abyss"}, "proof, study, full"),
    ],
)
def test_a_mistake_comes_back_as_one_line(earwitness, tool, arguments, said):
    async def conversation(session):
        return await session.call_tool(tool, arguments)

    result = talk(earwitness, conversation, "--allow-write")
    assert result.is_error
    assert said in result.content[0].text
    assert "\n" not in result.content[0].text
