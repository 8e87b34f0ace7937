"""A page of another site must not act in a visitor's name.

There are no cookies to steal with, but a visitor's address has limits that another site
could spend. Browsers say where a request comes from; programs (curl) say nothing and pass.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from icsmulti.errors import ForbiddenOrigin
from icsmulti.settings import Settings
from icsmulti.web.context import Scope


def refuse_foreign_origin(scope: Scope, settings: Settings, *, allow_null: bool = False) -> None:
    """Let a request through only from our own pages, or from no page.

    Sec-Fetch-Site decides when it is there (a page cannot forge it); else Origin is held
    against ICSMULTI_PUBLIC_URL when set, else against Host.

    Args:
        scope: the request's.
        settings: for the public address.
        allow_null: let `Origin: null` through. Browsers send it with the HTML forms of pages
            whose Referrer-Policy is `no-referrer`, as ours is (Fetch, "append a request
            Origin header"); over plain HTTP no Sec-Fetch-Site stands beside it. Only for what
            costs nobody anything; `fetch` always sends the true origin.

    Raises:
        ForbiddenOrigin: another site's page sent it.
    """
    site = origin = host = b""
    for name, value in scope["headers"]:
        if name == b"sec-fetch-site":
            site = value
        elif name == b"origin":
            origin = value
        elif name == b"host":
            host = value
    if site:
        if site not in (b"same-origin", b"none"):
            raise ForbiddenOrigin
        return
    if not origin or (allow_null and origin == b"null"):
        return
    sent = urlsplit(origin.decode("latin-1").lower())
    if settings.public_url:
        public = urlsplit(settings.public_url.lower())
        ours = (sent.scheme, sent.netloc) == (public.scheme, public.netloc)
    else:  # not the scheme: TLS may end at a proxy in front
        ours = bool(sent.netloc) and sent.netloc == host.decode("latin-1").lower()
    if not ours:
        raise ForbiddenOrigin
