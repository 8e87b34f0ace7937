"""Every licence of what the product runs on is one that an MIT product may ship with.

`python -m tests.licences`, from `make check`: reads the installed packages of
requirements/serve.txt, and fails on a licence nobody has looked at.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).parent.parent / "requirements" / "serve.txt"
ALLOWED = re.compile(
    r"MIT|BSD|Apache|PSF|Python Software|ISC|Public Domain|zlib|MPL|Unlicense|any-OSI", re.I
)
"""MPL-2.0 binds changes to its own files, of which we make none."""


def licence_of(name: str) -> str:
    about = metadata(name)
    stated = [about.get("License-Expression"), about.get("License")]
    stated += [c for c in about.get_all("Classifier") or [] if c.startswith("License ::")]
    return " / ".join(text.strip().splitlines()[0] for text in stated if text and text.strip())


def main() -> int:
    wrong = 0
    for name in re.findall(r"^([A-Za-z0-9_.-]+)==", LOCK.read_text("ascii"), re.M):
        try:
            licence = licence_of(name)
        except PackageNotFoundError:
            continue  # a package of another platform
        if not ALLOWED.search(licence):
            wrong += 1
            print(f"{name}: {licence or 'no licence stated'}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
