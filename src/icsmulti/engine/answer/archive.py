"""One file for each event, in a ZIP: the only way to Outlook's "Save & Close", and to programs that
read the first event of a file.

Stored, not deflated, and dated 1980: the same request gives the same bytes on every platform,
whatever its zlib.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence

from icsmulti.engine.filename import ascii_name

CONTENT_TYPE = "application/zip"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first that ZIP can say
_MODE = 0o100644 << 16


def archive(files: Sequence[tuple[str, str]]) -> bytes:
    """The archive of *files*, each a title and a finished calendar: `01_Reunion.ics`, in order."""
    digits = max(2, len(str(len(files))))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as zipped:
        for number, (title, text) in enumerate(files, 1):
            entry = zipfile.ZipInfo(f"{number:0{digits}}_{ascii_name(title)}.ics", _EPOCH)
            entry.external_attr, entry.create_system = _MODE, 3  # Unix, also when made on Windows
            zipped.writestr(entry, text.encode())
    return buffer.getvalue()
