import pytest

from earwitness.library.asking import model
from earwitness.library.asking.model import Endpoint, ModelFailed
from tests.library.asking.endpoints import endpoint

MESSAGES = [{"role": "user", "content": "why?"}]


def asked(server, **options):
    at = Endpoint(address=server.address, model="small", **options)
    return "".join(model.stream(at, MESSAGES))


@pytest.mark.parametrize("manner", ["streamed", "whole"])
def test_an_answer_arrives_streamed_or_whole(manner):
    with endpoint(manner, "Because it says só.") as server:
        assert asked(server, key="secret") == "Because it says só."
    path, headers, body = server.requests[0]
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert (body["model"], body["messages"], body["stream"]) == ("small", MESSAGES, True)


@pytest.mark.parametrize(
    ("manner", "said"),
    [
        ("refused", "it answered 500"),
        ("hanging", "no answer within 0.3 s"),
        ("malformed", "no answer of a chat"),
        ("cut", "broke off"),
        ("limited", "cut off at the model's limit"),
        ("endless", "does not end"),
        ("nonsense", "no answer of a chat"),
    ],
)
def test_what_goes_wrong_is_one_line(manner, said):
    with (
        endpoint(manner, "Something that takes several pieces.") as server,
        pytest.raises(ModelFailed, match=said) as failed,
    ):
        asked(server, timeout_seconds=0.3)
    assert "\n" not in str(failed.value)


def test_nobody_there_is_one_line():
    with endpoint("streamed") as server:
        address = server.address
    with pytest.raises(ModelFailed, match="connection failed"):
        list(model.stream(Endpoint(address=address, model="small"), MESSAGES))


def test_nothing_is_configured_unless_an_address_is():
    assert model.configured({}) is None
    assert model.configured({"EARWITNESS_MODEL": "small"}) is None


def test_a_configuration_is_read_and_its_key_is_not_shown(tmp_path):
    key = tmp_path / "key"
    key.write_text("secret\n")
    key.chmod(0o600)
    environment = {
        "EARWITNESS_MODEL_ENDPOINT": "http://127.0.0.1:1/v1/",
        "EARWITNESS_MODEL": "small",
        "EARWITNESS_MODEL_KEY_FILE": str(key),
        "EARWITNESS_MODEL_TIMEOUT": "5",
    }
    found = model.configured(environment)
    expected = Endpoint(
        address="http://127.0.0.1:1/v1", model="small", key="secret", timeout_seconds=5.0
    )
    assert found == expected
    assert "secret" not in repr(found)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"EARWITNESS_MODEL_ENDPOINT": "ftp://x"}, "no http or https address"),
        ({"EARWITNESS_MODEL": ""}, "does not say which model"),
        ({"EARWITNESS_MODEL_TIMEOUT": "soon"}, "no number of seconds"),
        ({"EARWITNESS_MODEL_KEY_FILE": "missing"}, "No such file"),
    ],
)
def test_a_wrong_configuration_is_named(changed, said):
    environment = {"EARWITNESS_MODEL_ENDPOINT": "http://x/v1", "EARWITNESS_MODEL": "small"}
    with pytest.raises(ModelFailed, match=said):
        model.configured(environment | changed)


@pytest.mark.parametrize("address", ["http://models.invalid/v1", "http://192.0.2.7:8000/v1"])
def test_a_key_is_not_sent_in_the_clear_to_another_machine(address):
    environment = {
        "EARWITNESS_MODEL_ENDPOINT": address,
        "EARWITNESS_MODEL": "small",
        "EARWITNESS_MODEL_KEY": "secret",
    }
    with pytest.raises(ModelFailed, match="has to be https where a key is sent"):
        model.configured(environment)
    del environment["EARWITNESS_MODEL_KEY"]
    assert model.configured(environment) is not None


@pytest.mark.parametrize(
    "address", ["https://models.invalid/v1", "http://localhost:1/v1", "http://[::1]:1/v1"]
)
def test_a_key_is_sent_over_https_or_to_this_machine(address):
    environment = {
        "EARWITNESS_MODEL_ENDPOINT": address,
        "EARWITNESS_MODEL": "small",
        "EARWITNESS_MODEL_KEY": "secret",
    }
    endpoint = model.configured(environment)
    assert endpoint is not None and endpoint.key == "secret"


def test_a_key_that_others_can_read_is_not_used(tmp_path):
    key = tmp_path / "key"
    key.write_text("secret")
    key.chmod(0o644)
    environment = {
        "EARWITNESS_MODEL_ENDPOINT": "http://x/v1",
        "EARWITNESS_MODEL": "small",
        "EARWITNESS_MODEL_KEY_FILE": str(key),
    }
    with pytest.raises(ModelFailed, match="chmod 600"):
        model.configured(environment)
