"""Servers that are known beforehand: their addresses, keys and prefills; and what a server says it has."""

from pathlib import Path
from runpy import run_path

import pytest

from sordino.core.errors import TargetError
from sordino.core.identity import make_request
from sordino.generation import envelopes
from sordino.generation.dialect import Dialect
from sordino.generation.endpoint import Endpoint
from sordino.generation.key import Key
from sordino.generation.openai import Manner, OpenAIBackend
from sordino.generation.presets import PRESETS, UNKNOWN, Prefill, key_of, preset_of

STUB = run_path(str(Path(__file__).parents[1] / "stub_server.py"))
StubServer, fault = STUB["StubServer"], STUB["fault"]
SECRET = "sk-test-0123456789abcdef"
VARIABLES = {"SORDINO_API_KEY", *(variable for preset in PRESETS.values() for variable in preset.variables)}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)


# -- addresses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("model", ["m", "org/m:7b", "m@v2", "org/m@v2:free"])
def test_a_known_server_is_named_instead_of_its_address(name, model):
    found = Endpoint.parse(f"{model}@{name}")
    assert found == Endpoint(model, PRESETS[name].base) == Endpoint.parse(f"{model}@{PRESETS[name].base}")
    assert preset_of(found) is PRESETS[name]


def test_a_server_that_is_not_known_is_refused_with_those_that_are():
    with pytest.raises(TargetError) as caught:
        Endpoint.parse("org/m@olama")
    assert "Did you mean 'ollama'?" in str(caught.value)
    assert all(name in str(caught.value) for name in PRESETS)


@pytest.mark.parametrize(
    ("base", "name"),
    [
        ("http://gpu-box:11434/v1", "ollama"),
        ("http://127.0.0.1:8000/v1", "vllm"),
        ("https://API.deepseek.com", "deepseek"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "dashscope"),
        ("https://openrouter.ai/api/v1", "openrouter"),
        ("https://openrouter.ai.example.org/api/v1", "unknown"),
        ("https://example.org/v1", "unknown"),
        ("http://localhost:9000/v1", "unknown"),
    ],
)
def test_an_address_is_known_by_host_or_port(base, name):
    assert preset_of(Endpoint("m", base)).name == name


@pytest.mark.parametrize("path", ["/chat/completions", "/completions", "/"])
def test_the_path_of_a_call_is_taken_off_an_address(path):
    assert Endpoint.parse(f"m@http://h/v1{path}") == Endpoint("m", "http://h/v1")


# -- keys ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base", "set_", "variable"),
    [
        ("https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY", "OPENAI_API_KEY"), "OPENROUTER_API_KEY"),
        ("https://api.openai.com/v1", ("OPENAI_API_KEY",), "OPENAI_API_KEY"),
        ("https://api.openai.com/v1", ("OPENAI_API_KEY", "SORDINO_API_KEY"), "SORDINO_API_KEY"),
        ("http://localhost:8000/v1", ("SORDINO_API_KEY",), "SORDINO_API_KEY"),
        # A host's key goes to that host alone, and not in the clear.
        ("http://localhost:8000/v1", tuple(VARIABLES - {"SORDINO_API_KEY"}), None),
        ("https://example.org/v1", tuple(VARIABLES - {"SORDINO_API_KEY"}), None),
        ("https://api.openai.com.example.org/v1", ("OPENAI_API_KEY",), None),
        ("https://example.org/api.openai.com/v1", ("OPENAI_API_KEY",), None),
        ("https://openrouter.ai/api/v1", ("OPENAI_API_KEY", "HF_TOKEN"), None),
        ("http://api.openai.com/v1", ("OPENAI_API_KEY",), None),
    ],
)
def test_a_key_goes_to_nobody_it_is_not_for(base, set_, variable, monkeypatch):
    for name in set_:
        monkeypatch.setenv(name, f"{SECRET}-{name}")
    found = key_of(Endpoint("m", base))
    assert found == (variable and Key(variable, f"{SECRET}-{variable}"))


def test_a_key_set_to_nothing_is_no_key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("SORDINO_API_KEY", "")
    assert key_of(Endpoint("m", "https://api.openai.com/v1")) is None


# -- prefills --------------------------------------------------------------------------------------------

BEGUN = {"role": "assistant", "content": "Sure,"}


@pytest.mark.parametrize(
    ("name", "last", "base"),
    [
        ("deepseek", BEGUN | {"prefix": True}, "https://api.deepseek.com/beta"),
        ("dashscope", BEGUN | {"partial": True}, None),
        ("openrouter", BEGUN, None),
        ("ollama", BEGUN, None),
    ],
)
def test_prefills_of_hosts(name, last, base):
    endpoint = Endpoint.parse(f"m@{name}")
    dialect = Dialect(endpoint, preset=preset_of(endpoint))
    begun = make_request("What?", "r", prefill="Sure,")
    assert dialect.takes_prefill
    assert dialect.body(begun)["messages"][-1] == last
    assert dialect.address(begun) == f"{base or endpoint.base}/chat/completions"
    assert dialect.address(make_request("What?", "r")) == f"{endpoint.base}/chat/completions"


@pytest.mark.parametrize("name", ["openai", "huggingface"])
def test_hosts_that_take_no_prefill(name):
    endpoint = Endpoint.parse(f"m@{name}")
    assert not OpenAIBackend(endpoint).capabilities.prefill
    assert OpenAIBackend(endpoint, manner=Manner(plain=True)).capabilities.prefill


def test_nothing_but_openai_s_own_fields_is_sent_to_an_unknown_server():
    dialect = Dialect(Endpoint("m", "https://example.org/v1"), Manner(True, log_probabilities=True))
    known = {
        "model",
        "messages",
        "temperature",
        "top_p",
        "max_tokens",
        "logprobs",
        "stream",
        "stream_options",
    }
    assert set(dialect.body(make_request("What?", "r"))) == known
    assert UNKNOWN.prefill is Prefill.IMPOSSIBLE


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_what_is_said_of_a_server_is_read_and_has_its_source(preset):
    assert preset.source
    for name in preset.reasoning:
        told = [{"type": "reasoning.text", "text": "Hm."}] if name.endswith("details") else "Hm."
        assert envelopes.trace_of({name: told}) == "Hm."


def test_where_no_log_probabilities_are_offered_none_are_asked_for():
    endpoint = Endpoint.parse("m@lmstudio")
    backend = OpenAIBackend(endpoint, manner=Manner(log_probabilities=True))
    assert not backend.capabilities.log_probabilities


# -- what a server says it has ---------------------------------------------------------------------------


def listed(*names, owner="me"):
    return {"object": "list", "data": [{"id": name, "owned_by": owner} for name in names]}


def check(lists, model="org/m", **given):
    with StubServer(lambda *_: "Yes.", lists=lists) as server:
        with OpenAIBackend(Endpoint(model, server.base), **given) as backend:
            backend.check()
        return server


@pytest.mark.parametrize(
    ("lists", "model"),
    [
        (None, "org/m"),
        (fault(405), "org/m"),
        (fault(501), "org/m"),
        (fault(500, "oh no"), "org/m"),
        (fault(429), "org/m"),
        (fault(200, "{garbage"), "org/m"),
        (fault(200, '{"data": "many"}'), "org/m"),
        (listed(), "org/m"),
        (listed("other", "org/m"), "org/m"),
        (listed("m:latest"), "m"),
        (listed("m"), "m:latest"),
        (listed("models/m"), "m"),
        ([{"id": "org/m"}], "org/m"),
    ],
)
def test_servers_that_pass(lists, model):
    server = check(lists if not isinstance(lists, list) else fault(200, lists), model)
    assert not server.bodies


def test_a_model_that_the_server_lacks_is_refused_with_what_it_has():
    with pytest.raises(TargetError) as caught:
        check(listed("org/qwen-7b", "org/llama-8b"), "org/qwen-7")
    assert "There is no model 'org/qwen-7'. Did you mean 'org/qwen-7b'?" in str(caught.value)
    assert "org/llama-8b" in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_not_taken_is_told_by_its_variable(status):
    refusal = fault(status, {"error": {"message": f"wrong key {SECRET}"}})
    with pytest.raises(TargetError) as caught:
        check(refusal, key=Key("SORDINO_API_KEY", SECRET))
    assert f"does not take the key in SORDINO_API_KEY (HTTP {status}: wrong key [key])" in str(caught.value)
    with pytest.raises(TargetError, match=r"wants a key, and none is set.*Set SORDINO_API_KEY"):
        check(fault(status))


def test_the_key_is_shown_to_the_server():
    assert check(None, key=Key("K", SECRET)).headers[0]["Authorization"] == f"Bearer {SECRET}"


def test_a_page_is_no_server():
    with pytest.raises(TargetError, match=r"page of HTML.*up to its version"):
        check(fault(200, "\n<!doctype html><title>Welcome</title>"))


def test_a_host_that_cannot_be_reached_is_told():
    with StubServer(lambda *_: "") as gone:
        base = gone.base
    for address in (base, "http://no-such-host.invalid/v1"):
        with pytest.raises(TargetError, match=r"No connection to .*Is the server running"):
            OpenAIBackend(Endpoint("m", address)).check()


def test_a_server_shows_what_it_is_by_how_it_signs_its_models():
    with (
        StubServer(lambda *_: "Yes.", lists=listed("m", owner="vllm")) as server,
        OpenAIBackend(Endpoint("m", server.base)) as backend,
    ):
        assert not backend.capabilities.prefill
        revision = backend.identity.revision
        backend.check()
        assert backend.capabilities.prefill
        assert backend.identity.revision == revision
