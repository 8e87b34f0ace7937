"""`GET /api/openapi.json`: OpenAPI 3.1, written from the structs and the tables that serve.

Shapes come from the msgspec structs, limits from the settings, statuses from `problems`: none
of them is written down a second time, so none can be wrong here alone. The words, in French
or English, are `locales/*/openapi.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route

from icsmulti import errors
from icsmulti.engine.answer import archive, jcal
from icsmulti.engine.generate import CONTENT_TYPE
from icsmulti.engine.request import LenientRequest
from icsmulti.errors import IcsMultiError, MethodNotAllowed
from icsmulti.locales import Catalogue, catalogue, negotiate
from icsmulti.settings import Settings
from icsmulti.web.context import Context, Scope
from icsmulti.web.keys import NewKey, OwnKey
from icsmulti.web.openapi_bounds import bounds
from icsmulti.web.operations import Readiness
from icsmulti.web.problems import status_of

Schema = dict[str, Any]

PATH = "/api/openapi.json"


class Detail(msgspec.Struct):
    path: str
    pointer: str
    code: str
    message: str


class Problem(msgspec.Struct):
    """What `problems` answers. `details` and `total` come with 400 `invalid-request` alone."""

    error: str
    code: str
    requestId: str  # noqa: N815 - the contract's name
    details: list[Detail] | msgspec.UnsetType = msgspec.UNSET
    total: int | msgspec.UnsetType = msgspec.UNSET


class Alive(msgspec.Struct):
    status: str


class KeyWanted(msgspec.Struct):
    """The body of POST /api/key."""

    altcha: str
    libelle: str | None = None


class Rotation(msgspec.Struct):
    """The body of POST /api/key/rotate."""

    chevauchement: str | None = None


class Challenge(msgspec.Struct):
    """What ALTCHA's widget takes."""

    parameters: dict[str, Any]
    signature: str


STRUCTS = (
    LenientRequest,
    OwnKey,
    NewKey,
    KeyWanted,
    Rotation,
    Challenge,
    Problem,
    Readiness,
    Alive,
)

KEY_REFUSED: tuple[type[IcsMultiError], ...] = (
    errors.MissingKey,
    errors.RepeatedKey,
    errors.InvalidKey,
    errors.ExpiredKey,
    errors.SuspendedKey,
    errors.RevokedKey,
    errors.RateLimited,
    errors.StoreUnavailable,
)
BODY_REFUSED: tuple[type[IcsMultiError], ...] = (
    errors.UnsupportedType,
    errors.TooLarge,
    errors.TooSlow,
    errors.InvalidJson,
    errors.InvalidRequest,
)
ISSUING_REFUSED = (errors.NotFound, errors.StoreUnavailable)


@dataclass(frozen=True)
class Operation:
    """One method of one path: what it takes, gives, and refuses with."""

    name: str
    method: str
    path: str
    status: int
    gives: type | str | None
    refuses: tuple[type[IcsMultiError], ...] = ()
    takes: type | None = None
    needs_body: bool = True
    needs_key: bool = False


OPERATIONS = (
    Operation(
        "generate",
        "post",
        "/api/generate",
        200,
        "text/calendar",
        KEY_REFUSED + BODY_REFUSED,
        LenientRequest,
        needs_key=True,
    ),
    Operation("showKey", "get", "/api/key", 200, OwnKey, KEY_REFUSED, needs_key=True),
    Operation(
        "rotateKey",
        "post",
        "/api/key/rotate",
        201,
        NewKey,
        (*KEY_REFUSED, *BODY_REFUSED, errors.StoreConflict),
        Rotation,
        needs_body=False,
        needs_key=True,
    ),
    Operation("revokeKey", "delete", "/api/key", 204, None, KEY_REFUSED, needs_key=True),
    Operation("challenge", "get", "/api/key/challenge", 200, Challenge, ISSUING_REFUSED),
    Operation(
        "issueKey",
        "post",
        "/api/key",
        201,
        NewKey,
        (*BODY_REFUSED, *ISSUING_REFUSED, errors.ForbiddenOrigin, errors.RateLimited),
        KeyWanted,
    ),
    Operation("openapi", "get", PATH, 200, "application/json"),
    Operation("livez", "get", "/livez", 200, Alive),
    Operation("readyz", "get", "/readyz", 200, Readiness),
)


FORMATS: dict[str, Schema] = {
    CONTENT_TYPE.partition(";")[0]: {"type": "string"},
    jcal.CONTENT_TYPE: {"type": "array"},
    archive.CONTENT_TYPE: {"type": "string", "contentMediaType": archive.CONTENT_TYPE},
    "application/json": {"type": "object"},
}
"""What a calendar may come as (`options.format`), the usual one first."""

LENIENT = "Lenient"
"""How the engine begins the names of the structs with every member; ours do without."""
_REF = "#/components/schemas/{}"
PLACES = {
    "evenement.occurrences[].": "Occurrence",
    "evenement.": "Evenement",
    "options.": "Options",
    "": "Request",
}
"""Where the documentation's paths lead, as schemas."""


def routes(context: Context) -> list[Route]:
    return [Route(PATH, _Endpoint(context.settings))]


class _Endpoint:
    """The document, written once a language."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._written: dict[str, bytes] = {}

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        scope["icsmulti"]["route"] = PATH
        if scope["method"] not in ("GET", "HEAD"):
            raise MethodNotAllowed("GET, HEAD")
        asked = b",".join(value for name, value in scope["headers"] if name == b"accept-language")
        language = negotiate(asked.decode("latin-1"))
        if language not in self._written:
            described = document(self._settings, catalogue(language))
            self._written[language] = msgspec.json.encode(described)
        headers = {
            "Cache-Control": "no-cache",
            "Access-Control-Allow-Origin": "*",
            "Content-Language": language,
            "Vary": "Accept-Language",
        }
        response = Response(self._written[language], 200, headers, "application/json")
        await response(scope, receive, send)


def document(settings: Settings, words: Catalogue) -> Schema:
    """The OpenAPI document of a server with these settings."""
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _described(operation, words)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ICSMulti",
            "version": version("icsmulti"),
            "summary": words.say("openapi.summary"),
            "description": words.say("openapi.description"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": settings.public_url or "/"}],
        "paths": paths,
        "components": {
            "schemas": _schemas(settings, words),
            "securitySchemes": {
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": words.say("openapi.key"),
                }
            },
        },
    }


def _described(operation: Operation, words: Catalogue) -> Schema:
    said: Schema = words.entry(f"openapi.operations.{operation.name}")
    described: Schema = {
        "operationId": operation.name,
        "summary": said["summary"],
        "responses": {str(operation.status): _success(operation, said)}
        | _refusals(operation, words),
    }
    if "description" in said:
        described["description"] = said["description"]
    if operation.takes:
        described["requestBody"] = {
            "required": operation.needs_body,
            "content": {"application/json": {"schema": _ref(operation.takes)}},
        }
    if operation.needs_key:
        described["security"] = [{"key": []}]
    if operation.name == "readyz":
        unready = _content("application/json", _ref(Readiness))
        described["responses"]["503"] = {"description": said["unready"], "content": unready}
    return described


def _success(operation: Operation, said: Schema) -> Schema:
    answer: Schema = {"description": said["answer"]}
    if operation.gives == "text/calendar":
        answer["content"] = {kind: {"schema": schema} for kind, schema in FORMATS.items()}
        answer["headers"] = {"Content-Disposition": {"schema": {"type": "string"}}}
    elif isinstance(operation.gives, str):
        answer["content"] = _content(operation.gives, {"type": "object"})
    elif operation.gives:
        answer["content"] = _content("application/json", _ref(operation.gives))
    return answer


def _refusals(operation: Operation, words: Catalogue) -> Schema:
    """Every status that the operation refuses with, and the codes that share it."""
    codes: dict[int, list[str]] = {}
    always: tuple[type[IcsMultiError], ...] = (errors.MethodNotAllowed, errors.IcsMultiError)
    for kind in operation.refuses + always:
        codes.setdefault(status_of(kind), []).append(kind.code)
    content = _content("application/json", _ref(Problem))
    content |= _content("application/problem+json", _ref(Problem))
    return {
        str(status): {
            "description": words.say(
                "openapi.refusal", codes=", ".join(f"`{code}`" for code in which)
            ),
            "content": content,
        }
        for status, which in sorted(codes.items())
    }


def _content(media_type: str, schema: Schema) -> Schema:
    return {media_type: {"schema": schema}}


def _ref(struct: type) -> Schema:
    return {"$ref": _REF.format(_named(struct.__name__))}


def _named(struct: str) -> str:
    return struct.removeprefix(LENIENT)


def _schemas(settings: Settings, words: Catalogue) -> dict[str, Schema]:
    _, written = msgspec.json.schema_components(STRUCTS, ref_template=_REF.format("{name}"))
    text = msgspec.json.encode(written).replace(
        _REF.format(LENIENT).encode(), _REF.format("").encode()
    )
    schemas: dict[str, Schema] = {
        _named(name): schema for name, schema in msgspec.json.decode(text).items()
    }
    limits, said = bounds(settings), _said(settings, words)
    for name, schema in schemas.items():
        # The structs' docstrings are for whoever reads the code; strictness is not the contract.
        for internal in ("title", "description", "additionalProperties"):
            schema.pop(internal, None)
        for member, shape in schema.get("properties", {}).items():
            shape.pop("default", None)
            shape.update(limits.get((name, member), {}))
            again = f"Occurrence.{member}" if name == "Modification" else ""
            if description := said.get(f"{name}.{member}", said.get(again)):
                shape["description"] = description
    return schemas


def _said(settings: Settings, words: Catalogue) -> dict[str, str]:
    """What each member is, by `<schema>.<member>`: a request's in the words of the documentation."""
    rules: dict[str, str] = dict(words.entry("docs.fields.rules"))
    for group in words.entry("docs.rich.groups"):
        rules |= group["rules"]
    said = {
        f"{schema}.{path.removeprefix(prefix)}": rule.replace(
            "{max_occurrences}", str(settings.max_occurrences)
        )
        for path, rule in rules.items()
        for prefix, schema in PLACES.items()
        if re.fullmatch(re.escape(prefix) + r"\w+", path)
    }
    for schema, members in words.entry("openapi.members").items():
        said |= {f"{schema}.{member}": text for member, text in members.items()}
    return said
