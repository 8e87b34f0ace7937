"""Our own OpenAPI document against the server it describes.

schemathesis sends what the document allows and what it forbids; a machine of states lives the
lives of keys. No answer may be a 5xx, of an undocumented status, or against its schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import altcha
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from hypothesis.strategies import sampled_from
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from icsmulti.web.openapi import OPERATIONS, Operation
from product import CALENDAR, Product

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]
BOUNDED = settings(
    max_examples=40,
    derandomize=True,  # a CI run that fails by luck is a CI run that nobody believes
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A server that gives keys freely: the limits have tests of their own."""
    unlimited = {"ISSUE_PER_HOUR": 0, "ISSUE_PER_NETWORK_DAY": 0, "ISSUE_PER_DAY": 0}
    folder = tmp_path_factory.mktemp("issuing")
    with Product(folder, ISSUE_WORK=1, **unlimited) as product:
        yield product


@pytest.fixture(scope="module")
def document(issuing: Product) -> Any:
    config = SchemathesisConfig()
    config.projects.default.generation = GenerationConfig(database="none")
    return schemathesis.openapi.from_url(
        f"http://127.0.0.1:{issuing.port}/api/openapi.json", config=config
    )


MODES = [
    pytest.param(operation, mode, id=f"{operation.name}-{mode.value}")
    for operation in OPERATIONS
    for mode in GenerationMode
    # What takes nothing forbids nothing.
    if mode == GenerationMode.POSITIVE or operation.takes or operation.needs_key
]


@pytest.mark.parametrize(("operation", "mode"), MODES)
def test_every_answer_is_one_that_the_document_promises(
    operation: Operation, mode: GenerationMode, document: Any, issuing: Product
) -> None:
    described = document[operation.path][operation.method.upper()]
    # Not where the key would be replaced or revoked by it: there, without one.
    headers = {"X-API-Key": issuing.key} if operation.path == "/api/generate" else {}
    checks = CHECKS
    if headers and mode == GenerationMode.NEGATIVE:
        checks = [*CHECKS, negative_data_rejection]

    @BOUNDED
    @given(case=described.as_strategy(generation_mode=mode))
    def explore(case: Any) -> None:
        case.call_and_validate(headers=headers, checks=checks)

    explore()


def test_the_document_is_the_same_for_every_reader_but_for_its_language(issuing: Product) -> None:
    request = "GET /api/openapi.json HTTP/1.1\r\nHost: a\r\nAccept-Language: {}\r\n\r\n"
    french, english = (issuing.ask(request.format(x).encode()).json for x in ("de", "en"))

    assert french["openapi"] == english["openapi"] == "3.1.0"
    assert french["paths"].keys() == english["paths"].keys()
    assert french["info"]["summary"] != english["info"]["summary"]


class Lives(RuleBasedStateMachine):
    """Keys are issued, used, replaced and revoked; a model says what each must answer."""

    product: Product
    document: Any

    def __init__(self) -> None:
        super().__init__()
        self.alive: dict[str, list[str]] = {}
        """The valid keys of each account, by the account's first key."""
        self.dead: list[str] = []

    def ask(self, path: str, method: str, body: Any = None, key: str | None = None) -> Any:
        operation = self.document[path][method]
        headers = {"X-API-Key": key} if key else {}
        described = {"media_type": "application/json", "body": body} if body else {}
        case = operation.Case(headers=headers, **described)
        return case.call_and_validate(checks=CHECKS[:5])

    @rule()
    def issue(self) -> None:
        challenge = altcha.Challenge.from_dict(self.ask("/api/key/challenge", "GET").json())
        solution = altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()

        answer = self.ask("/api/key", "POST", {"altcha": solution, "libelle": "essai"})
        again = self.ask("/api/key", "POST", {"altcha": solution})

        assert (answer.status_code, again.status_code) == (201, 400)
        self.alive[answer.json()["cle"]] = [answer.json()["cle"]]

    @precondition(lambda self: self.alive)
    @rule(overlap=sampled_from(["0", "1h", "24h", "7j", ""]))
    def rotate(self, overlap: str) -> None:
        keys = next(iter(self.alive.values()))

        answer = self.ask("/api/key/rotate", "POST", {"chevauchement": overlap}, keys[-1])

        if len(keys) == 2:
            assert answer.status_code == 400
            return
        assert answer.status_code == 201
        if overlap == "0":
            self.dead += keys
            keys.clear()
        keys.append(answer.json()["cle"])

    @precondition(lambda self: self.alive)
    @rule()
    def revoke(self) -> None:
        first, keys = next(iter(self.alive.items()))
        key = keys.pop()

        assert self.ask("/api/key", "DELETE", key=key).status_code == 204
        self.dead.append(key)
        if not keys:
            del self.alive[first]

    @rule()
    def use(self) -> None:
        for keys in self.alive.values():
            for key in keys:
                assert (
                    self.ask("/api/generate", "POST", json.loads(CALENDAR), key).status_code == 200
                )
                shown = self.ask("/api/key", "GET", key=key)
                assert shown.json()["id"] == key[5:15]
        for key in self.dead:
            assert self.ask("/api/generate", "POST", json.loads(CALENDAR), key).status_code == 403
            assert self.ask("/api/key", "GET", key=key).status_code == 403


def test_keys_live_and_die_as_the_model_says(issuing: Product, document: Any) -> None:
    Lives.product, Lives.document = issuing, document

    run_state_machine_as_test(
        Lives, settings=settings(BOUNDED, max_examples=10, stateful_step_count=12)
    )


def test_no_key_of_all_these_is_in_the_log(issuing: Product) -> None:
    issuing.lines()
    assert "icsm_" not in Path(issuing.log).read_text()
