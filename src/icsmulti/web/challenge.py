"""The proof of work in front of self-service issuing (ALTCHA, PoW v2).

A challenge is signed and kept nowhere: the visitor's browser finds the one counter whose
PBKDF2 key has the wanted prefix, and sends challenge and counter back. A solution is good
once, until the challenge ends, on whichever server it arrives: the signing secret and the
spent ones are the store's.
"""

from __future__ import annotations

import secrets
from typing import Any

import altcha

from icsmulti.errors import Fault, InvalidRequest
from icsmulti.web.context import Context

MEMBER = "altcha"
"""The request's member that carries a solution, as ALTCHA's widget names it."""

LIFE_S = 1_200
"""Twenty minutes: time to solve it on an old telephone, and to fill the page in meanwhile."""

ALGORITHM = "PBKDF2/SHA-256"
ITERATIONS = 1_000
"""A try costs a browser about 0.5 ms, so its own overhead (0.05 ms) is not what is paid; the
server pays one try to make a challenge and one to check it."""


async def new_challenge(context: Context) -> dict[str, Any]:
    """A challenge as ALTCHA's widget takes it: `{parameters, signature}`.

    The counter is drawn between half of ICSMULTI_ISSUE_WORK and the whole of it: the work
    has a known upper bound, which waiting for a lucky prefix has not.
    """
    work = context.settings.issue_work
    challenge = altcha.create_challenge(
        ALGORITHM,
        ITERATIONS,
        counter=work - secrets.randbelow(work // 2 + 1),
        expires_at=int(context.clock().timestamp()) + LIFE_S,
        hmac_secret=await context.store.secret(MEMBER),
    )
    return challenge.to_dict()


async def spend_solution(solution: str, context: Context) -> None:
    """Take a solution, as the widget encodes it, once.

    Raises:
        InvalidRequest: on `altcha`: not ours or wrong, expired, or spent before.
        StoreUnavailable: nobody knows whether it was spent.
    """
    now = context.clock().timestamp()
    # The library holds the end against the machine's clock, we against ours as well.
    verdict = altcha.verify_solution(solution, await context.store.secret(MEMBER))
    if verdict.expired:
        raise _refused("altcha-expired")
    if not verdict.verified:
        raise _refused("altcha-wrong")
    challenge = altcha.Payload.from_base64(solution).challenge
    ends_at = challenge.parameters.expires_at
    if ends_at is None or ends_at <= now:
        raise _refused("altcha-expired")
    # The signature names the challenge: it covers every parameter and has one spelling.
    if not await context.store.spend(f"{MEMBER}:{challenge.signature}", ends_at, now):
        raise _refused("altcha-spent")


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest([Fault("invalid-solution", (MEMBER,), f"keys.faults.{reason}")])
