"""Errors as sentences that a person can act on. For the API, the command line and the pages."""

from __future__ import annotations

import errno

from icsmulti.errors import (
    Fault,
    IcsMultiError,
    InvalidJson,
    InvalidRequest,
    RateLimited,
    StoreUnavailable,
)
from icsmulti.locales import Catalogue


def describe(error: IcsMultiError, words: Catalogue) -> str:
    """One sentence: what is wrong and, where the caller can mend it, how.

    Of an invalid request, the first fault and how many more there are (contract.md §2).
    """
    if isinstance(error, InvalidRequest):
        first = describe_fault(error.faults[0], words)
        others = error.total - 1
        more = words.say("errors.others", n=others) if others else ""
        return words.say("errors.invalid-request", fault=first, others=more)
    if isinstance(error, InvalidJson):
        where = words.say(f"errors.{error.reason}", **error.values)
        return words.say("errors.invalid-json", where=where)
    if isinstance(error, RateLimited):
        wait = describe_seconds(error.retry_after_s, words)
        return words.say(f"errors.rate-limited.{error.limit}", quota=error.quota, wait=wait)
    own = error.values.get("say")
    return words.say(str(own) if own else f"errors.{error.code}", **error.values)


def describe_fault(fault: Fault, words: Catalogue) -> str:
    """`evenement.occurrences[2].dateFin, la fin précède le début`."""
    message = describe_message(fault, words)
    return f"{fault.dotted}, {message}" if fault.path else message


def describe_message(fault: Fault, words: Catalogue) -> str:
    """What is wrong with a member, without its path."""
    # A reason with a dot is another part's own sentence.
    key = fault.reason if "." in fault.reason else f"errors.faults.{fault.reason or fault.code}"
    return words.say(key, **fault.values)


def describe_store(error: StoreUnavailable, store: str, words: Catalogue) -> str:
    """To the operator: why the store at an address cannot serve, and what to look at there.

    *store* is the address as it may be shown.
    """
    kind = "file" if store.startswith("sqlite:") else "service"
    return words.say(f"trouble.store.{kind}", store=store, cause=describe_cause(error, words))


def describe_cause(error: OSError | StoreUnavailable, words: Catalogue) -> str:
    """Why the system or the store refused, in our words; in its own where we have none."""
    if isinstance(error, StoreUnavailable):
        cause, own = error.cause, error.reason
    else:
        cause, own = errno.errorcode.get(error.errno or 0, ""), error.strerror or str(error)
    key = f"trouble.cause.{cause}"
    return words.say(key) if cause and words.has(key) else own


def describe_seconds(seconds: int, words: Catalogue) -> str:
    """A wait as people say it: rounded up to minutes or hours."""
    for unit, size in (("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return words.say(f"errors.wait.{unit}", n=-(-seconds // size))
    return words.say("errors.wait.seconds", n=seconds)
