"""The HTTP floor: the product's own server, uvicorn with uvloop and httptools, as bare ASGI.

It reads the whole body and answers a constant; the size is the path: `/api/generate/341`
answers 341 octets. What is between this and the product is the product's own work.
"""

from __future__ import annotations

from typing import Any

import uvicorn

_answers: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    path = scope["path"]
    answer = _answers.get(path)
    if answer is None:
        octets = int(path.rpartition("/")[2])
        headers = [
            (b"content-type", b"text/calendar; charset=utf-8"),
            (b"content-length", b"%d" % octets),
        ]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        answer = _answers[path] = (start, {"type": "http.response.body", "body": b"x" * octets})
    await send(answer[0])
    await send(answer[1])


def main() -> None:
    import os

    port = int(os.environ["PORT"])
    uvicorn.run(
        app,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
