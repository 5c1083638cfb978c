"""moto's server as the cloud: requests and transitions are counted, failures are said."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

pytest.importorskip("moto")

from earwitness.servers import cloud, function_host
from earwitness.servers.cloud import Cloud, machines, objects
from earwitness.servers.function_host import Function, FunctionHost, runtimes
from earwitness.servers.process import MissingComponent, ServerFailed

DOUBLE = """\
def handler(event, context):
    if event["number"] < 0:
        raise ValueError("no number below nought")
    return {"number": event["number"] * 2}
"""
DOUBLING = "arn:aws:lambda:us-east-1:000000000000:function:double"


def doubling(times: int) -> dict[str, object]:
    """A machine that doubles so many times."""
    names = [f"Double{number}" for number in range(times)]
    following = [{"Next": name} for name in names[1:]] + [{"End": True}]
    states = {
        name: {"Type": "Task", "Resource": DOUBLING, **then}
        for name, then in zip(names, following, strict=True)
    }
    return {"StartAt": names[0], "States": states}


@pytest.fixture
def host(workspace: Path) -> Iterator[FunctionHost]:
    with function_host.running(workspace) as running:
        yield running


@pytest.fixture
def here(workspace: Path, host: FunctionHost) -> Iterator[Cloud]:
    with cloud.running(workspace, functions=host) as running:
        yield running


@pytest.fixture
def double(workspace: Path, host: FunctionHost) -> None:
    code = workspace / "double.py"
    code.write_text(DOUBLE)
    runtime = runtimes.official_python()
    host.start(Function(name="double", runtime=runtime, handler="double.handler", code=(code,)))


@pytest.mark.usefixtures("double")
def test_machines_invoke_functions_and_transitions_are_counted(
    here: Cloud, host: FunctionHost
) -> None:
    thrice = machines.create(here, "thrice", doubling(3))
    done = machines.run(here, thrice, [{"number": number} for number in range(4)])
    assert [execution.output for execution in done] == [{"number": 8 * n} for n in range(4)]
    assert [execution.transitions for execution in done] == [3] * 4
    assert host.counts("double").invocations == 12
    again = machines.run(here, thrice, [{"number": 5}])
    assert again[0].output == {"number": 40}


@pytest.mark.usefixtures("double")
def test_an_execution_that_fails_is_said(here: Cloud) -> None:
    once = machines.create(here, "once", doubling(1))
    with pytest.raises(ServerFailed, match="no number below nought"):
        machines.run(here, once, [{"number": -1}])


def test_a_machine_without_its_function_is_said(here: Cloud) -> None:
    once = machines.create(here, "once", doubling(1))
    with pytest.raises(ServerFailed, match="double"):
        machines.run(here, once, [{"number": 1}])


def test_requests_and_bytes_are_those_of_one_bucket(here: Cloud) -> None:
    objects.create_bucket(here, "one-bucket")
    objects.create_bucket(here, "another")
    store = here.client("s3")
    for number in range(3):
        store.put_object(Bucket="one-bucket", Key=f"a/{number}", Body=b"x" * 1000)
    for _ in range(5):
        assert store.get_object(Bucket="one-bucket", Key="a/1")["Body"].read() == b"x" * 1000
    store.put_object(Bucket="another", Key="a/0", Body=b"y")
    expected = objects.Traffic(puts=3, gets=5, bytes_written=3000, bytes_read=5000)
    assert objects.traffic(here, "one-bucket") == expected
    assert objects.traffic(here, "one-bucket") == expected  # looking is not counted
    assert expected.requests == 8
    assert objects.traffic(here, "another") == objects.Traffic(puts=1, bytes_written=1)


def test_a_request_that_failed_is_said(here: Cloud) -> None:
    objects.create_bucket(here, "one-bucket")
    with pytest.raises(here.client("s3").exceptions.NoSuchKey):
        here.client("s3").get_object(Bucket="one-bucket", Key="gone")
    with pytest.raises(ServerFailed, match="404 to GET one-bucket/gone"):
        objects.traffic(here, "one-bucket")


def test_nothing_of_the_user_is_read(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    objects.create_bucket(here, "one-bucket")
    assert objects.traffic(here, "one-bucket") == objects.Traffic()
    session = here.client("s3")._request_signer._credentials
    assert session.access_key == "local"


def test_it_listens_on_loopback_only_and_leaves_nothing(
    workspace: Path, host: FunctionHost
) -> None:
    with cloud.running(workspace, functions=host) as here:
        server = psutil.Process(here.process.pid)
        family = [server, *server.children(recursive=True)]
        listening = [c for p in family for c in p.net_connections() if c.status == "LISTEN"]
        assert {c.laddr.ip for c in listening} == {"127.0.0.1"}
        assert {c.laddr.port for c in listening} == {here.port}
    assert not any(process.is_running() for process in family)


def test_without_moto_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.server, "_PARTS", ("moto", "not_a_module"))
    with pytest.raises(MissingComponent, match="without not_a_module") as missing:
        cloud.find()
    assert missing.value.install == "pip install 'earwitness[cloud]'"
    assert cloud.components()[0].missing
