"""The API does what its description says, whatever it is sent: schemathesis against a server on a socket."""

import asyncio
import threading
from collections.abc import Generator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from hauberk.web.api.openapi import describe
from web.api.calling import calling, migrated_copy

# Its generic types are only half annotated.
openapi: Any = import_module("schemathesis").openapi
checks: Any = import_module("schemathesis.checks")
Mode: Any = import_module("schemathesis").GenerationMode
checks.load_all_checks()

NAMES = ("example.com", "EXAMPLE.com", "unscanned.example", "unknown.example", "bücher.example", "xn--bcher-kva.example")
openapi.format("idn-hostname", st.sampled_from(NAMES))
openapi.format("cursor", st.just(""))
openapi.format("duration", st.sampled_from(("P1D", "PT1H", "P400D", "P1W", "PT36H")))
# What a schema does not say: a mail address or a URL, an end after the beginning, a name that prints, a file that is what it says.
BEYOND_SCHEMAS = ("create_channel", "create_silence", "change_tenant", "grant_exception", "attach_file")
LEFT_OUT = ("verify", "revoke_token")  # the one costs a process each time, the other ends the token
ALWAYS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "missing_required_header",
    "unsupported_method",
    "ignored_auth",
)
THOROUGHNESS = settings(
    max_examples=4,
    derandomize=True,
    database=None,
    deadline=None,
    phases=(Phase.generate,),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large, HealthCheck.large_base_example),
)


@dataclass
class Served:
    """An API with one domain that has everything and one that was never scanned."""

    address: str
    token: str
    described: dict[str, Any]
    running: uvicorn.Server


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, started: threading.Event) -> None:
        super().__init__(config)
        self._told = started

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self._told.set()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder: Path = tmp_path_factory.mktemp("api")
    url, started, made = migrated_copy(folder), threading.Event(), list[Served]()

    async def serve() -> None:
        async with calling(url, folder) as here:
            await here.keep()
            await here.client.put("/domains/unscanned.example", json={})
            await here.client.put("/domains/example.com/schedule", json={"every": "P7D"})
            server = _Server(uvicorn.Config(here.app, port=0, log_level="critical", lifespan="off"), started)
            described: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(describe(here.api)))
            made.append(Served("", await here.token(), described, server))
            await server.serve()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert started.wait(30)
        made[0].address = f"http://127.0.0.1:{made[0].running.servers[0].sockets[0].getsockname()[1]}/api/v1"
        yield made[0]
    finally:
        for one in made:
            one.running.should_exit = True
        thread.join(30)


@pytest.mark.parametrize("mode", [Mode.POSITIVE, Mode.NEGATIVE])
def test_the_api_does_what_its_description_says(served: Served, mode: Any) -> None:
    tried: dict[str, int] = {}
    for found in openapi.from_dict(served.described).get_all_operations():
        operation = found.ok()
        id: str = operation.definition.raw["operationId"]
        if id not in LEFT_OUT:
            tried[id] = _try(served, operation, id, mode)
    assert len(tried) > 35
    assert sum(tried.values()) > 100
    assert mode is Mode.NEGATIVE or min(tried.values()) > 0


def _try(served: Served, operation: Any, id: str, mode: Any) -> int:
    """How many requests were sent."""
    names: list[str] = [*ALWAYS]
    if mode is Mode.NEGATIVE:
        names.append("negative_data_rejection")
    elif id not in BEYOND_SCHEMAS:
        names.append("positive_data_acceptance")
    wanted, sent = checks.CHECKS.get_by_names(names), 0

    @THOROUGHNESS
    @given(operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        case.call_and_validate(base_url=served.address, headers={"Authorization": f"Bearer {served.token}"}, checks=wanted)

    try:
        send()
    except Unsatisfiable:
        assert mode is Mode.NEGATIVE, id  # nothing about this operation can be wrong
    return sent
