"""Every error the product raises, as one tree: a stable code, values, and a path for faults.

    IcsMultiError
    ├── RequestFault                   the caller's body
    │   ├── InvalidJson                not JSON, or not UTF-8
    │   └── InvalidRequest             JSON, but no calendar can be made of it: `faults` lists why
    ├── KeyRefused                     the caller's key
    │   ├── MissingKey   RepeatedKey   InvalidKey
    │   └── ExpiredKey   SuspendedKey  RevokedKey
    ├── RateLimited                    the caller's limit
    ├── RequestRefused                 the request around the body
    │   ├── NotFound     MethodNotAllowed
    │   └── UnsupportedType  TooLarge  TooSlow  ForbiddenOrigin
    ├── StoreUnavailable               a dependency's fault
    ├── StoreConflict                  an operation the stored state does not allow
    └── SettingsError                  the operator's settings

An error holds values, never a sentence and never an HTTP status: `locales` owns the
words, `web.problems` the statuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

__all__ = [
    "ExpiredKey",
    "Fault",
    "ForbiddenOrigin",
    "IcsMultiError",
    "InvalidJson",
    "InvalidKey",
    "InvalidRequest",
    "KeyRefused",
    "MethodNotAllowed",
    "MissingKey",
    "NotFound",
    "RateLimited",
    "RepeatedKey",
    "RequestFault",
    "RequestRefused",
    "RevokedKey",
    "SettingsError",
    "StoreConflict",
    "StoreUnavailable",
    "SuspendedKey",
    "TooLarge",
    "TooSlow",
    "UnsupportedType",
]

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request, and where.

    `reason` names the sentence in `locales` (`faults.<reason>`) and is finer than `code`,
    which callers may match on and which never changes.
    """

    code: str
    path: Path
    reason: str = ""
    values: dict[str, object] = field(default_factory=dict)

    @property
    def dotted(self) -> str:
        """`evenement.occurrences[2].dateFin`."""
        steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(steps).removeprefix(".")

    @property
    def pointer(self) -> str:
        """RFC 6901: `/evenement/occurrences/2/dateFin`."""
        return "".join("/" + str(s).replace("~", "~0").replace("/", "~1") for s in self.path)


class IcsMultiError(Exception):
    """The root. `code` is stable: callers may match on it. `values` fill the sentence."""

    code: ClassVar[str] = "internal"

    def __init__(self, **values: object) -> None:
        self.values = values
        super().__init__(self.code, values) if values else super().__init__(self.code)


class RequestFault(IcsMultiError):
    """The body cannot become a calendar."""


class InvalidJson(RequestFault):
    """Not JSON, or not in UTF-8.

    `reason` names the sentence; values: `line` and `column` (from 1), or `encoding`
    and perhaps the first `octet` (from 1) that is not UTF-8.
    """

    code = "invalid-json"

    def __init__(self, reason: str, **values: object) -> None:
        self.reason = reason
        super().__init__(**values)


class InvalidRequest(RequestFault):
    """JSON, but no calendar can be made of it.

    `faults` are the first ones, occurrences in order, members in the order of the
    contract; `total` counts them all.
    """

    code = "invalid-request"

    def __init__(self, faults: list[Fault], total: int | None = None) -> None:
        self.faults = faults
        self.total = len(faults) if total is None else total
        super().__init__()

    def __str__(self) -> str:
        listed = "; ".join(
            f"{fault.dotted or 'JSON'}: {fault.reason or fault.code}" for fault in self.faults
        )
        return f"{self.total} fault(s): {listed}"


class KeyRefused(IcsMultiError):
    """The key does not open the door."""


class MissingKey(KeyRefused):
    code = "missing-key"


class RepeatedKey(KeyRefused):
    code = "repeated-key"


class InvalidKey(KeyRefused):
    """Malformed, of wrong checksum, unknown, or of another secret: deliberately not told apart."""

    code = "invalid-key"


class ExpiredKey(KeyRefused):
    code = "expired-key"


class SuspendedKey(KeyRefused):
    code = "suspended-key"


class RevokedKey(KeyRefused):
    code = "revoked-key"


class RateLimited(IcsMultiError):
    """A limit is reached.

    Args:
        limit: which one: `minute`, `day`, `failures`, `form`, `issue-hour`, `issue-network`, `issue-day`,
            `rotate-hour`.
        retry_after_s: whole seconds until a request can pass again, at least 1.
        quota: the limit's size, for the sentence.
    """

    code = "rate-limited"

    def __init__(self, limit: str, retry_after_s: int, quota: int = 0) -> None:
        self.limit, self.retry_after_s, self.quota = limit, max(1, retry_after_s), quota
        super().__init__(limit=limit, seconds=self.retry_after_s, quota=quota)


class RequestRefused(IcsMultiError):
    """HTTP says no before the body matters."""


class NotFound(RequestRefused):
    code = "not-found"


class MethodNotAllowed(RequestRefused):
    """`allow` is the value of the Allow header."""

    code = "method-not-allowed"

    def __init__(self, allow: str) -> None:
        self.allow = allow
        super().__init__(allow=allow)


class UnsupportedType(RequestRefused):
    """`accept` is the value of Accept-Post; `encoding` is set when the body came compressed.

    What asks for JSON and what asks for a form have a sentence each.
    """

    code = "unsupported-type"

    def __init__(self, accept: str = "application/json", encoding: str = "") -> None:
        self.accept, self.encoding = accept, encoding
        say = "errors.unsupported-type" if "json" in accept else "errors.unsupported-form"
        super().__init__(accept=accept, encoding=encoding, say=say)


class TooLarge(RequestRefused):
    """`limit_bytes`: the most a body may hold. Only of a list can one say to send it in parts."""

    code = "too-large"

    def __init__(self, limit_bytes: int, *, is_list: bool = True) -> None:
        self.limit_bytes = limit_bytes
        say = "errors.too-large" if is_list else "errors.too-large-object"
        super().__init__(limit_bytes=limit_bytes, say=say)


class TooSlow(RequestRefused):
    """`deadline_s`: how long the body had to arrive."""

    code = "too-slow"

    def __init__(self, deadline_s: float) -> None:
        self.deadline_s = deadline_s
        super().__init__(seconds=deadline_s)


class ForbiddenOrigin(RequestRefused):
    """A page of another site tried to act in a visitor's name."""

    code = "forbidden-origin"


class StoreUnavailable(IcsMultiError):
    """The store cannot answer, or not in time. `reason` is for the log, never for the caller.

    `cause` names what the operator is told (`trouble.cause`): an error of the system, as
    `ENOSPC`, or a word of the store's own. Empty where `reason` has to do.
    """

    code = "store-unavailable"

    def __init__(self, reason: str, retry_after_s: int = 1, *, cause: str = "") -> None:
        self.reason, self.retry_after_s, self.cause = reason, retry_after_s, cause
        super().__init__()

    def __str__(self) -> str:
        return self.reason


class StoreConflict(IcsMultiError):
    """The stored state does not allow this.

    `reason`: `unknown-key`, `unknown-account`, `too-many-keys`, `not-durable`,
    `already-there`, `not-a-record` or `not-active`.
    """

    code = "store-conflict"

    def __init__(self, reason: str, **values: object) -> None:
        self.reason = reason
        super().__init__(**values)


class SettingsError(IcsMultiError):
    """A setting is wrong. `reason` names the sentence (`settings.<reason>`).

    `others` are those that are wrong beside it: whoever mends settings wants them all at once.
    """

    code = "settings"

    def __init__(self, reason: str, others: Sequence[SettingsError] = (), **values: object) -> None:
        self.reason, self.others = reason, others
        super().__init__(**values)
