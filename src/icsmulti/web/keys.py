"""Getting a key, and one's own key: `/api/key` and what is under it.

    GET    /api/key/challenge   a proof of work to solve                         200
    POST   /api/key             {libelle?, altcha}                     a new key 201
    GET    /api/key             X-API-Key                          what it is    200
    POST   /api/key/rotate      X-API-Key, {chevauchement?}   its successor      201
    DELETE /api/key             X-API-Key                          revoked       204

None of these takes a unit of the account's limits: whoever has used them up, or has them used
up by a thief, must still be able to revoke. Rotating is held to the rate of issuing instead.
Answers are `no-store`, and those with a key in them are never compressed (BREACH).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive as AsgiReceive
from starlette.types import Send

from icsmulti.engine.faults import read_json
from icsmulti.errors import (
    Fault,
    InvalidKey,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    RateLimited,
    StoreConflict,
    StoreUnavailable,
    TooLarge,
)
from icsmulti.keys import Entry
from icsmulti.keys.issue import LABEL_MAX, Issued, clean_label, create_key, rotate_key
from icsmulti.web.auth import DAY_S, authenticate, entry_headers, limits_of
from icsmulti.web.body import Receive, read_body, require_json
from icsmulti.web.challenge import MEMBER, new_challenge, spend_solution
from icsmulti.web.context import Context, Scope, client_address, client_network
from icsmulti.web.origin import refuse_foreign_origin

BODY_BYTES = 4_096
HOUR_S = 3_600
USAGE_DAYS = 30

OVERLAPS_S = {"0": 0, "1h": HOUR_S, "24h": DAY_S, "7j": 7 * DAY_S}
DEFAULT_OVERLAP = "24h"


class Usage(msgspec.Struct, frozen=True):
    jour: int
    """Requests today (UTC)."""
    parJour: dict[str, int]
    """Requests on each of the last 30 UTC days that have any."""


class Limits(msgspec.Struct, frozen=True):
    parMinute: int | None
    """None: no limit."""
    parJour: int | None


class OwnKey(msgspec.Struct, frozen=True):
    """The answer to `GET /api/key`. Times are ISO 8601, UTC."""

    id: str
    libelle: str
    creeLe: str
    expireLe: str | None
    derniereUtilisation: str | None
    usage: Usage
    limites: Limits


class NewKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """The only answer that holds a key: after issuing, and after rotating."""

    cle: str
    id: str
    libelle: str
    creeLe: str
    expireLe: str | None
    ancienne: OldKey | msgspec.UnsetType = msgspec.UNSET


class OldKey(msgspec.Struct, frozen=True):
    """The key that was rotated, and when it stops working."""

    id: str
    expireLe: str


def routes(context: Context) -> list[Route]:
    """The key endpoints, for `app`."""
    return [
        Route("/api/key", Methods(context, GET=_show, POST=_issue, DELETE=_revoke)),
        Route("/api/key/challenge", Methods(context, GET=_challenge)),
        Route("/api/key/rotate", Methods(context, POST=_rotate)),
    ]


Handler = Callable[[Context, Scope, Receive], Awaitable[Response]]


class Methods:
    """One path: a handler for each method, OPTIONS, and 405 for the rest (an ASGI endpoint)."""

    def __init__(self, context: Context, **handlers: Handler) -> None:
        self._handlers = {name: partial(handler, context) for name, handler in handlers.items()}
        if "GET" in handlers:
            self._handlers["HEAD"] = self._handlers["GET"]
        self.allow = ", ".join([*self._handlers, "OPTIONS"])

    async def __call__(self, scope: Scope, receive: AsgiReceive, send: Send) -> None:
        facts = scope["icsmulti"]
        facts["route"] = scope["path"]
        if scope["method"] == "OPTIONS":
            response = Response(status_code=204, headers={"Allow": self.allow})
        elif handler := self._handlers.get(scope["method"]):
            response = await handler(scope, receive)
        else:
            raise MethodNotAllowed(self.allow)
        response.raw_headers += facts.get("headers", [])
        await response(scope, receive, send)


async def _challenge(context: Context, scope: Scope, receive: Receive) -> Response:
    _require_open(context)
    return _answer(await new_challenge(context))


async def _issue(context: Context, scope: Scope, receive: Receive) -> Response:
    _require_open(context)
    refuse_foreign_origin(scope, context.settings)
    request = await _read_object(context, scope, receive)
    faults: list[Fault] = []
    label = clean_label(_text(request, "libelle", faults))
    if len(label) > LABEL_MAX:
        values: dict[str, object] = {"limit": LABEL_MAX, "count": len(label)}
        faults.append(Fault("too-long", ("libelle",), "too-long", values))
    solution = _text(request, MEMBER, faults)
    if not solution and not faults:
        faults.append(Fault("missing", (MEMBER,), "missing"))
    if faults:
        raise InvalidRequest(faults)
    # Spent before the limits are: else one solution, sent a thousand times, would eat the day.
    await spend_solution(solution, context)
    await _take_issuing(context, scope)
    issued = await _made(create_key(context.store, label=label, now=_now(context)))
    scope["icsmulti"]["key_id"] = issued.record.id
    return _shown_once(scope, issued)


async def _show(context: Context, scope: Scope, receive: Receive) -> Response:
    entry = await _own_entry(context, scope)
    now = context.clock().timestamp()
    usage = dict(await context.store.usage(entry.account.id, USAGE_DAYS, now))
    per_minute, per_day = limits_of(entry.account, context.settings)
    key = entry.key
    own = OwnKey(
        id=key.id,
        libelle=key.label,
        creeLe=iso(key.created_at),
        expireLe=_iso_or_none(key.expires_at),
        derniereUtilisation=_iso_or_none(key.last_used_at),
        usage=Usage(entry.used_today, usage),
        limites=Limits(per_minute or None, per_day or None),
    )
    return _answer(own)


async def _rotate(context: Context, scope: Scope, receive: Receive) -> Response:
    entry = await _own_entry(context, scope)
    request = await _read_object(context, scope, receive, optional=True)
    faults: list[Fault] = []
    overlap = _text(request, "chevauchement", faults) or DEFAULT_OVERLAP
    if overlap not in OVERLAPS_S:
        fault = Fault(
            "out-of-range",
            ("chevauchement",),
            "keys.faults.overlap",
            {"choices": ", ".join(OVERLAPS_S)},
        )
        faults.append(fault)
    if faults:
        raise InvalidRequest(faults)
    # An account that rotates in a loop would fill the store with ended keys.
    await _take(context, "rotate-hour", f"rotate:{entry.account.id}", HOUR_S)
    now = _now(context)
    old_expires_at = now + OVERLAPS_S[overlap]
    try:
        issued = await _made(
            rotate_key(context.store, entry, overlap_s=OVERLAPS_S[overlap], now=now)
        )
    except StoreConflict as conflict:
        if conflict.reason == "too-many-keys":
            fault = Fault("too-many", ("chevauchement",), "keys.faults.too-many-keys")
            raise InvalidRequest([fault]) from conflict
        await authenticate(scope, context, context.clock())  # ended since: this says how
        raise
    if entry.key.expires_at is not None:
        old_expires_at = min(old_expires_at, entry.key.expires_at)
    return _shown_once(scope, issued, OldKey(entry.key.id, iso(old_expires_at)))


async def _revoke(context: Context, scope: Scope, receive: Receive) -> Response:
    entry = await _own_entry(context, scope)
    if not await context.store.revoke(entry.key.id, _now(context)):
        raise InvalidKey
    return Response(status_code=204, headers={"Cache-Control": "no-store"})


async def _own_entry(context: Context, scope: Scope) -> Entry:
    """The caller's key and account; from here on every answer tells the account's limits."""
    now = context.clock()
    entry = await authenticate(scope, context, now)
    scope["icsmulti"]["headers"] = entry_headers(entry, context.settings, now.timestamp())
    return entry


def _require_open(context: Context) -> None:
    if context.settings.self_service == "closed":
        raise NotFound(say="keys.api.closed")


async def _read_object(
    context: Context, scope: Scope, receive: Receive, *, optional: bool = False
) -> dict[str, Any]:
    """The body as a JSON object of at most `BODY_BYTES`; {} for none where it is *optional*."""
    require_json(scope)
    try:
        body = await read_body(scope, receive, BODY_BYTES, context.settings.read_timeout_s)
    except TooLarge as error:
        raise TooLarge(error.limit_bytes, is_list=False) from None
    if optional and not body:
        return {}
    value = read_json(body)
    if not isinstance(value, dict):
        raise InvalidRequest([Fault("wrong-type", (), "type-object")])
    return value


def _text(request: dict[str, Any], member: str, faults: list[Fault]) -> str:
    """A text member; absent, null and "" are all the same."""
    value = request.get(member)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    faults.append(Fault("wrong-type", (member,), "type-string"))
    return ""


async def _take_issuing(context: Context, scope: Scope) -> None:
    """One unit each of the address's hour, its network's day and the server's day."""
    address = client_network(client_address(scope, context.settings.trusted_proxies))
    await _take(context, "issue-hour", f"issue-hour:{address}", HOUR_S)
    await _take(context, "issue-network", f"issue-network:{_wide_network(address)}", DAY_S)
    await _take(context, "issue-day", "issue-day", DAY_S)


async def _take(context: Context, limit: str, bucket: str, period_s: int) -> None:
    settings = context.settings
    size = {
        "issue-hour": settings.issue_per_hour,
        "rotate-hour": settings.issue_per_hour,
        "issue-network": settings.issue_per_network_day,
        "issue-day": settings.issue_per_day,
    }[limit]
    if not size:
        return
    wait_s = await context.store.take(bucket, size, period_s, context.clock().timestamp())
    if wait_s:
        raise RateLimited(limit, wait_s, size)


def _wide_network(address: str) -> str:
    """The /24 of an IPv4 address, the /48 of an IPv6 one: what one customer may hold."""
    try:
        network = ipaddress.ip_network(address)
    except ValueError:  # a Unix socket's peer has no address
        return address
    return str(network.supernet(new_prefix=24 if network.version == 4 else 48))


async def _made(making: Awaitable[Issued]) -> Issued:
    """A key that is not durable is not shown: for the caller, the store could not answer."""
    try:
        return await making
    except StoreConflict as conflict:
        if conflict.reason == "not-durable":
            raise StoreUnavailable(f"not durable: {conflict.values}") from conflict
        raise


def _shown_once(
    scope: Scope, issued: Issued, old: OldKey | msgspec.UnsetType = msgspec.UNSET
) -> Response:
    scope["icsmulti"]["no_compress"] = True
    record = issued.record
    key = NewKey(
        cle=issued.text,
        id=record.id,
        libelle=record.label,
        creeLe=iso(record.created_at),
        expireLe=_iso_or_none(record.expires_at),
        ancienne=old,
    )
    return _answer(key, 201)


def _answer(value: object, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def _now(context: Context) -> int:
    return int(context.clock().timestamp())


def iso(seconds: int) -> str:
    """`2026-11-22T15:00:00Z` of seconds since 1970, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _iso_or_none(seconds: int | None) -> str | None:
    return None if seconds is None else iso(seconds)
