"""Looking around finds servers of models by their own words, and nobody else."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from routedsl.tools.surroundings import look_around


@contextmanager
def answering(body: bytes, status: int = 200) -> Iterator[str]:
    """A server on this machine that gives one answer to every GET; yields `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def listing(*ids: str) -> bytes:
    return json.dumps({"data": [{"id": id_} for id_ in ids]}).encode()


def test_a_server_of_models_is_found_with_its_models_but_no_embedders() -> None:
    with answering(listing("llama3.2:1b", "nomic-embed-text", "qwen3:8b")) as host:
        (found,) = look_around({}, (("ollama", f"http://{host}"),))
    assert (found.name, found.url, found.key) == ("ollama", f"http://{host}/v1", None)
    assert [model.id for model in found.models] == ["llama3.2:1b", "qwen3:8b"]


@pytest.mark.parametrize(
    ("owner", "kind"), [("library", "ollama"), ("llamacpp", "llamacpp"), ("vllm", "vllm"), ("me", None), (None, None)]
)
def test_a_server_is_of_the_kind_that_its_models_owner_tells(owner: str | None, kind: str | None) -> None:
    listed = json.dumps({"data": [{"id": "m", "object": "model", "owned_by": owner}]}).encode()
    with answering(listed) as host:
        (found,) = look_around({}, (("lmstudio", f"http://{host}"),))
    assert found.kind == kind


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": 3}', b'{"data": [{"id": 4}]}', b'{"data": [3]}'])
def test_what_answers_otherwise_is_no_server_of_models(body: bytes) -> None:
    with answering(body) as host:
        assert look_around({}, (("ollama", f"http://{host}"),)) == ()


def test_a_refusal_and_our_own_gateway_are_no_servers_of_models() -> None:
    listed = [{"id": "auto", "owned_by": "routedsl"}, {"id": "tiny", "owned_by": "house"}]
    ours = json.dumps({"data": listed}).encode()
    with answering(b"no", 500) as broken, answering(ours) as gateway:
        assert look_around({}, (("a", f"http://{broken}"), ("b", f"http://{gateway}"))) == ()


def test_keys_in_the_environment_bring_their_upstreams() -> None:
    found = look_around({"OPENAI_API_KEY": "x", "MISTRAL_API_KEY": ""}, ())
    assert [upstream.name for upstream in found] == ["openai"]


@pytest.mark.parametrize("form", ["{host}", "http://{host}", "http://{host}/"])
def test_ollama_is_looked_for_where_its_variable_says(form: str) -> None:
    with answering(listing("m")) as host:
        found = look_around({"OLLAMA_HOST": form.format(host=host)})
    assert f"http://{host}/v1" in [upstream.url for upstream in found]


def test_a_variable_that_is_no_address_is_passed_over() -> None:
    look_around({"OLLAMA_HOST": "http://a:b:c"}, None)
