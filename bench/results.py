"""What a run found, as JSON: `bench/results/<mode>.json`, and the machine it was found on."""

from __future__ import annotations

import json
import os
import platform
import statistics
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import contenders
from bench.contenders import Contender, Missing
from bench.race import Standing

FOLDER = Path(__file__).with_name("results")

Results = dict[str, Any]


def new(mode: str, taking_part: list[Contender], missing: list[Missing]) -> Results:
    return {
        "mode": mode,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": contenders.versions(),
        "contenders": {
            c.name: {
                "title": c.title,
                "language": c.language,
                "library": c.library,
                "leaves_out": c.leaves_out,
            }
            for c in taking_part
        },
        "missing": {each.name: each.why for each in missing},
    }


def machine() -> dict[str, Any]:
    """What a reader needs to compare, and nothing that names this machine."""
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gib": round(pages / 2**30),
        "architecture": platform.machine(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "load_average": round(os.getloadavg()[0], 1),
    }


def of_race(standings: dict[str, dict[str, Standing]]) -> Results:
    """Rates, medians, and how many times the contender's rate the product's is."""
    found: Results = {}
    for workload, by_name in standings.items():
        rows: Results = {}
        for name, standing in by_name.items():
            if standing.wrong:
                rows[name] = {"wrong": standing.wrong}
                continue
            rates = [rate.per_s for rate in standing.rates]
            rows[name] = {
                "per_s": statistics.median(rates),
                "rounds": rates,
                "p50_ms": statistics.median(rate.p50_ms for rate in standing.rates),
                "p99_ms": statistics.median(rate.p99_ms for rate in standing.rates),
                "cpu_us": statistics.median(rate.cpu_us for rate in standing.rates),
                "answer_octets": standing.octets,
            }
        product = rows.get("product", {}).get("per_s")
        for row in rows.values():
            if product and "per_s" in row:
                row["product_is"] = product / row["per_s"]
        found[workload] = rows
    return found


def save(found: Results) -> Path:
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{found['mode']}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def load(mode: str) -> Results:
    """The last run of that mode.

    Raises:
        FileNotFoundError: there was none yet.
    """
    found: Results = json.loads((FOLDER / f"{mode}.json").read_text("utf-8"))
    return found
