"""Which writes a disk refuses: a few numbers that its program and whoever started it share.

They lie in a small file that both have mapped, so that the disk looks at them for each write and
nobody has to be asked. One range at a time.
"""

import mmap
import struct
from pathlib import Path

_RANGE = struct.Struct("=QQ")  # first byte, end
_TIMES = struct.Struct("=Q")
_BYTES = _RANGE.size + _TIMES.size


class Faults:
    """The numbers in a file, which is made where it is not there."""

    def __init__(self, path: Path) -> None:
        with path.open("a+b") as file:
            file.truncate(_BYTES)
            self._shared = mmap.mmap(file.fileno(), _BYTES)

    def refuse(self, begin: int, end: int, times: int) -> None:
        """Refuse the next ``times`` writes that touch a byte from ``begin`` to before ``end``."""
        _TIMES.pack_into(self._shared, _RANGE.size, 0)  # no write is held against half a range
        _RANGE.pack_into(self._shared, 0, begin, end)
        _TIMES.pack_into(self._shared, _RANGE.size, times)

    def refuses(self, offset: int, length: int) -> bool:
        """Whether this write is one of them; it is counted as refused if so."""
        (times,) = _TIMES.unpack_from(self._shared, _RANGE.size)
        if times == 0:
            return False
        begin, end = _RANGE.unpack_from(self._shared, 0)
        if offset >= end or offset + length <= begin:
            return False
        _TIMES.pack_into(self._shared, _RANGE.size, times - 1)
        return True
