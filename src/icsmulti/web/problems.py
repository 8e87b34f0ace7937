"""The one table from errors to HTTP statuses, and the one shape of an error's answer.

    {"error": "Champ manquant ou incorrect : …", "code": "invalid-request",
     "requestId": "…", "details": [{"path", "pointer", "code", "message"}], "total": 1}

JSON under /api, in French unless Accept-Language prefers English; RFC 9457 when asked for;
a page elsewhere. Handlers raise; nobody else writes an error status.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.responses import Response

from icsmulti import errors
from icsmulti.errors import IcsMultiError, InvalidRequest
from icsmulti.locales import catalogue, negotiate
from icsmulti.locales.sentences import describe, describe_message
from icsmulti.web.auth import limited_headers
from icsmulti.web.context import Scope

STATUS: dict[type[IcsMultiError], int] = {
    errors.InvalidJson: 400,
    errors.InvalidRequest: 400,
    errors.RepeatedKey: 400,
    errors.MissingKey: 401,
    errors.InvalidKey: 403,
    errors.ExpiredKey: 403,
    errors.SuspendedKey: 403,
    errors.RevokedKey: 403,
    errors.ForbiddenOrigin: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.TooSlow: 408,
    errors.StoreConflict: 409,
    errors.TooLarge: 413,
    errors.UnsupportedType: 415,
    errors.RateLimited: 429,
    errors.IcsMultiError: 500,
    errors.StoreUnavailable: 503,
}
"""Every error that can reach HTTP; any other is a fault of ours: 500."""

# The body was not read: HTTP/1.1 would have the server swallow all of it before the next request.
_UNREAD = (errors.TooSlow, errors.TooLarge, errors.UnsupportedType)


_WEIGHT = re.compile(r"(?:^|;)\s*q\s*=\s*(0(?:\.\d*)?|1(?:\.0*)?)\s*\Z")


def status_of(kind: type[IcsMultiError]) -> int:
    return STATUS.get(kind, 500)


def problem(error: IcsMultiError, scope: Scope) -> Response:
    """The answer to a request that failed with *error*."""
    accept = _header(scope, b"accept").lower()
    if scope["path"].startswith("/api/") or not _takes_html(accept):
        response = _as_json(error, scope, is_problem=_prefers_problem(accept))
    else:
        # Pages know how to show an error; the API must not load their templates.
        from icsmulti.web.pages import error_page  # noqa: PLC0415 - only pages need it, and it needs this module

        response = error_page(scope, status_of(type(error)), error)
    for name, value in _headers(error):
        response.headers[name] = value
    for raw_name, raw_value in scope.get("icsmulti", {}).get("headers", ()):
        response.headers[raw_name.decode()] = raw_value.decode()
    return response


def _as_json(error: IcsMultiError, scope: Scope, *, is_problem: bool) -> Response:
    words = catalogue(negotiate(_header(scope, b"accept-language")))
    sentence = describe(error, words)
    code, status = error.code, status_of(type(error))
    body: dict[str, Any] = {"error": sentence, "code": code}
    if is_problem:
        title = HTTPStatus(status).phrase
        body = {
            "type": f"/api-docs#{code}",
            "title": title,
            "status": status,
            "detail": sentence,
        } | body
    body["requestId"] = scope.get("icsmulti", {}).get("request_id", "")
    if isinstance(error, InvalidRequest):
        body["details"] = [
            {
                "path": fault.dotted,
                "pointer": fault.pointer,
                "code": fault.code,
                "message": describe_message(fault, words),
            }
            for fault in error.faults
        ]
        body["total"] = error.total
    media_type = "application/problem+json" if is_problem else "application/json"
    headers = {
        "Cache-Control": "no-store",
        "Content-Language": words.language,
        "Vary": "Accept, Accept-Language",
    }
    return Response(msgspec.json.encode(body), status, headers, media_type)


def _headers(error: IcsMultiError) -> list[tuple[str, str]]:
    """What HTTP asks to be said beside a status."""
    if isinstance(error, errors.MissingKey):
        # RFC 9110 §11.6.1: a 401 names a scheme; ours is a header, told by its name.
        return [("WWW-Authenticate", 'ApiKey realm="ICSMulti", header="X-API-Key"')]
    if isinstance(error, errors.MethodNotAllowed):
        return [("Allow", error.allow)]
    if isinstance(error, errors.RateLimited):
        limits = [(name.decode(), value.decode()) for name, value in limited_headers(error)]
        return [("Retry-After", str(error.retry_after_s)), *limits]
    if isinstance(error, errors.StoreUnavailable):
        return [("Retry-After", str(error.retry_after_s))]
    if isinstance(error, _UNREAD):
        headers = [("Connection", "close")]
        if isinstance(error, errors.UnsupportedType):
            headers.append(("Accept-Post", error.accept))
        return headers
    return []


def _prefers_problem(accept: str) -> bool:
    """Whether RFC 9457 is wanted, and no less than plain JSON (RFC 9110 §12.5.1)."""
    weights: dict[str, float] = {}
    for one in accept.split(","):
        kind, _, parameters = one.partition(";")
        weight = _WEIGHT.search(parameters)
        weights[kind.strip()] = float(weight[1]) if weight else 1.0
    problem = weights.get("application/problem+json", 0.0)
    plain = ("application/json", "application/*", "*/*")  # the most exact one counts
    return problem > 0 and problem >= next((weights[k] for k in plain if k in weights), 0.0)


def _takes_html(accept: str) -> bool:
    return "text/html" in accept or "application/xhtml+xml" in accept


def _header(scope: Scope, wanted: bytes) -> str:
    return b", ".join(value for name, value in scope["headers"] if name == wanted).decode("latin-1")
