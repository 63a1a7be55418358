"""A seal at the end of a result file, behind what NetCDF reads: no byte can change or go missing unnoticed.

The NetCDF and HDF5 libraries pass over what follows their data. The seal is looked at before they see the file: a
library that follows damaged pointers may do anything.
"""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

_PIECE = 1 << 20
_SEAL = re.compile(rb"\ndemosim crc32 ([0-9a-f]{8})\n\Z")
_LENGTH = len(b"\ndemosim crc32 00000000\n")


def seal(path: Path) -> None:
    """Put a CRC-32 of all that a finished file holds behind it."""
    found = _checksum(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(b"\ndemosim crc32 %08x\n" % found)


def is_broken(path: Path) -> bool:
    """Whether a file has a seal that does not fit; one without (made or changed by another program) is not broken."""
    length = path.stat().st_size - _LENGTH
    if length < 0:
        return False
    with path.open("rb") as file:
        file.seek(length, os.SEEK_SET)
        said = _SEAL.search(file.read())
    return said is not None and int(said[1], 16) != _checksum(path, length)


def _checksum(path: Path, length: int) -> int:
    found = 0
    with path.open("rb") as file:
        while length > 0 and (piece := file.read(min(_PIECE, length))):
            found = zlib.crc32(piece, found)
            length -= len(piece)
    return found
