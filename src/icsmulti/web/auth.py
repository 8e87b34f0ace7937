"""From a request's headers to an account, and back to the headers that tell its limits.

    X-API-Key: icsm_7Ab3kQx90Z_…  →  Admission  →  RateLimit: "minute";r=59;t=0, "day";r=9999;t=3600

This is on the path of every request: plain header tuples, no request object. `admit` takes a
unit of the account's limits; `authenticate` takes none, so that somebody whose key is being
hammered by a thief can still read, replace or revoke it.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from icsmulti.errors import (
    InvalidKey,
    KeyRefused,
    MissingKey,
    RateLimited,
    RepeatedKey,
    StoreUnavailable,
)
from icsmulti.keys import Account, Admission, Entry, Quota
from icsmulti.keys.key import PresentedKey, read_key
from icsmulti.settings import Settings
from icsmulti.web.context import Context, Scope, asked, client_address, client_network

DAY_S = 86_400

Headers = list[tuple[bytes, bytes]]


async def admit(scope: Scope, context: Context, at: datetime) -> Admission:
    """Let a request in and take one unit of its account's limits.

    The key's public id goes into the scope, and `uncounted` when the store could not count,
    for the log and the metrics.

    Args:
        scope: the request's.
        context: the application's.
        at: the time of the request, aware.

    Raises:
        MissingKey, RepeatedKey: before anything is asked of the store.
        InvalidKey: malformed or of wrong checksum (the store is not asked), or unknown.
        RevokedKey, SuspendedKey, ExpiredKey: once the digest has matched.
        RateLimited: `minute` or `day`; or `failures`, in place of a refusal of this address.
        StoreUnavailable: nobody knows whether the key is good.
    """
    now = at.timestamp()
    try:
        key = _presented(scope)
        admission = await context.store.admit(key.id, key.digest, now)
    except KeyRefused as refusal:
        await _count_failure(refusal, scope, context, now)
        raise
    if not admission.counted:
        scope["icsmulti"]["uncounted"] = True
    return admission


async def authenticate(scope: Scope, context: Context, at: datetime) -> Entry:
    """As `admit`, and with the same refusals, but nothing is taken of the limits."""
    now = at.timestamp()
    try:
        key = _presented(scope)
        return await context.store.authenticate(key.id, key.digest, now)
    except KeyRefused as refusal:
        await _count_failure(refusal, scope, context, now)
        raise


def _presented(scope: Scope) -> PresentedKey:
    headers, sent = scope["headers"], asked(scope)
    if b"x-api-key" not in sent:
        raise MissingKey
    if len(sent) < len(headers):  # some header came twice
        values = [value.strip(b" \t") for name, value in headers if name == b"x-api-key"]
        if len(values) > 1:
            raise RepeatedKey if any(values) else MissingKey
    value = sent[b"x-api-key"].strip(b" \t")
    if not value:
        raise MissingKey
    key = read_key(value.decode("latin-1"))
    if key is None:
        raise InvalidKey
    scope["icsmulti"]["key_id"] = key.id
    return key


async def _count_failure(refusal: KeyRefused, scope: Scope, context: Context, now: float) -> None:
    """Count a 401 or 403 against its address; past the limit, RateLimited takes its place.

    Only the address's failures are held up: a good key never comes here. When the count
    cannot be had, the refusal itself stands.
    """
    size = context.settings.failures_per_minute
    if not size or isinstance(refusal, RepeatedKey):
        return
    network = client_network(client_address(scope, context.settings.trusted_proxies))
    try:
        wait_s = await context.store.take(f"fail:{network}", size, 60, now)
    except StoreUnavailable:
        return
    if wait_s:
        raise RateLimited("failures", wait_s, size) from refusal


def rate_headers(admission: Admission) -> Headers:
    """RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10): each a list.

    A limit that is not set is in neither; without any there are no headers. A request that
    could not be counted says only the policy.
    """
    minute, day = admission.minute, admission.day
    policy = rate_policy(minute.size, day.size)
    if not policy:
        return []
    if not admission.counted:
        return [(b"ratelimit-policy", policy)]
    return [
        (b"ratelimit-policy", policy),
        (b"ratelimit", _left(("minute", minute), ("day", day))),
    ]


def limited_headers(error: RateLimited) -> Headers:
    """The same two for a refusal by the account's own limits: nothing left, until when."""
    if error.limit not in ("minute", "day") or not error.quota:
        return []
    minute = error.quota if error.limit == "minute" else 0
    day = error.quota if error.limit == "day" else 0
    left = f'"{error.limit}";r=0;t={error.retry_after_s}'
    return [(b"ratelimit-policy", rate_policy(minute, day)), (b"ratelimit", left.encode())]


def entry_headers(entry: Entry, settings: Settings, now: float) -> Headers:
    """The same two for an answer that took nothing: the policy, and what is left of the day."""
    per_minute, per_day = limits_of(entry.account, settings)
    policy = rate_policy(per_minute, per_day)
    if not policy:
        return []
    if not per_day:
        return [(b"ratelimit-policy", policy)]
    left = Quota(per_day, max(0, per_day - entry.used_today), DAY_S - int(now) % DAY_S)
    return [(b"ratelimit-policy", policy), (b"ratelimit", _left(("day", left)))]


def limits_of(account: Account, settings: Settings) -> tuple[int, int]:
    """Requests a minute and a day: the account's own, else the server's. 0: no limit."""
    own = account.limits
    return (
        settings.limit_per_minute if own.per_minute is None else own.per_minute,
        settings.limit_per_day if own.per_day is None else own.per_day,
    )


@lru_cache(maxsize=1_000)
def rate_policy(per_minute: int, per_day: int) -> bytes:
    """The value of RateLimit-Policy: q is the quota, w its window in seconds."""
    windows = (("minute", per_minute, 60), ("day", per_day, DAY_S))
    return ", ".join(f'"{name}";q={q};w={w}' for name, q, w in windows if q).encode()


def _left(*quotas: tuple[str, Quota]) -> bytes:
    return ", ".join(
        f'"{name}";r={quota.remaining};t={quota.reset_s}' for name, quota in quotas if quota.size
    ).encode()
