"""Ask an ASGI application for a page, without a server: what it raises comes through."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class SiteClient:
    """`SiteClient(app).get("/api-docs")`. No redirect is followed, no address is tidied."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(ask())
