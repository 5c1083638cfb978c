"""What Linux lets an ordinary process do to one of its own TCP connections, and know of it.

A socket filter (classic BPF, socket(7) SO_ATTACH_FILTER) sees every segment before TCP does, and
what it rejects is lost exactly as on a bad wire: TCP never learns of it, reports what came behind
it, and asks for it again. Newer kernels want CAP_NET_ADMIN over the socket's network for that;
``network`` has one where we have it. And the kernel's own counters say, without a clock, what has
been sent, received and lost.

Only the kernel's interfaces stand here: no protocol above TCP, and no decision what to lose.
"""

import ctypes
import socket
import struct
import sys
from dataclasses import dataclass

from earwitness.servers.process import MissingComponent

# asm-generic/socket.h
_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
_SO_MEMINFO = 55
_MEMINFO_WORDS = 9
_MEMINFO_DROPS = 8  # linux/sock_diag.h, SK_MEMINFO_DROPS
_INFO_BYTES = 160
"""Of struct tcp_info (linux/tcp.h); as far as it is read here, it is there since Linux 4.6."""

_BPF_LOAD_BYTE = 0x30  # linux/bpf_common.h: BPF_LD | BPF_B | BPF_ABS
_BPF_LOAD_WORD_INDIRECT = 0x40  # BPF_LD | BPF_W | BPF_IND
_BPF_SHIFT_RIGHT = 0x74  # BPF_ALU | BPF_RSH | BPF_K
_BPF_AND = 0x54  # BPF_ALU | BPF_AND | BPF_K
_BPF_TO_INDEX = 0x07  # BPF_MISC | BPF_TAX
_BPF_LOAD_LENGTH = 0x80  # BPF_LD | BPF_W | BPF_LEN
_BPF_SUBTRACT_INDEX = 0x1C  # BPF_ALU | BPF_SUB | BPF_X
_BPF_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_BPF_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_BPF_RETURN = 0x06  # BPF_RET | BPF_K
_DATA_OFFSET_BYTE = 12  # of the TCP header, RFC 9293 3.1: its length in words, high nibble
_WORD_BYTES = 4
_KEEP = 0xFFFFFFFF
_LOSE = 0


@dataclass(frozen=True, slots=True)
class Info:
    """The kernel's state of a connection as a sender (TCP_INFO)."""

    unacknowledged: int
    """Segments that were sent and are not acknowledged in order."""
    selectively_acknowledged: int
    """Of those: segments that the peer says it has."""
    unsent_bytes: int
    """Bytes that the application wrote and the kernel has not sent yet."""
    data_segments: int
    """Segments with data that were sent, repeated ones included."""
    repeated: int
    """Segments that were sent again."""
    congestion_window: int
    """Segments that may be on their way at once."""

    @property
    def missing(self) -> int:
        """Segments that the peer has not said it has."""
        return self.unacknowledged - self.selectively_acknowledged


def info(end: socket.socket) -> Info:
    """What the kernel knows now. MissingComponent on other systems than Linux."""
    require_linux()
    raw = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)

    def word(offset: int) -> int:
        return int.from_bytes(raw[offset : offset + _WORD_BYTES], sys.byteorder)

    return Info(
        unacknowledged=word(24),
        selectively_acknowledged=word(28),
        congestion_window=word(80),
        repeated=word(100),
        unsent_bytes=word(144),
        data_segments=word(156),
    )


def lost_segments(end: socket.socket) -> int:
    """Segments that came for this socket and were thrown away, by its filter or for want of room.

    MissingComponent on other systems than Linux.
    """
    require_linux()
    words = struct.Struct(f"={_MEMINFO_WORDS}I")
    return int(
        words.unpack(end.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, words.size))[_MEMINFO_DROPS]
    )


def received_bytes(end: socket.socket) -> int:
    """Bytes of payload that have come for this socket, each counted once.

    MissingComponent on other systems than Linux.
    """
    require_linux()
    raw = end.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO_BYTES)
    return int.from_bytes(raw[128:136], sys.byteorder)  # tcpi_bytes_received


def congestion_control(end: socket.socket) -> str:
    """Its name, as in "cubic"."""
    return end.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()


def lose_segments_with(end: socket.socket, marker: int, *, offset: int) -> None:
    """Lose every segment for this socket whose payload has that word at that offset, in bytes.

    ``marker``: four bytes in network order. A repeated segment begins where the first did, so it
    is lost as well, until ``lose_nothing``. MissingComponent where the kernel has no such filters.
    """
    _attach(end, _program(marker, offset))


def lose_everything(end: socket.socket) -> None:
    """Lose every segment for this socket, until ``lose_nothing``: a sender is left without answer.

    MissingComponent where the kernel has no such filters.
    """
    _attach(end, (_step(_BPF_RETURN, _LOSE),))


def lose_nothing(end: socket.socket) -> None:
    """Let every segment through from now on; no error when none was lost."""
    try:
        end.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, struct.pack("i", 0))
    except FileNotFoundError:
        return


def _attach(end: socket.socket, program: tuple[bytes, ...]) -> None:
    require_linux()
    code = ctypes.create_string_buffer(b"".join(program))
    described = struct.pack("@HP", len(program), ctypes.addressof(code))  # struct sock_fprog
    try:
        end.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
    except OSError as error:
        raise MissingComponent(f"this kernel refuses socket filters: {error.strerror}") from error


def _program(marker: int, offset: int) -> tuple[bytes, ...]:
    """A filter on segments as a TCP socket sees them: from the first byte of the TCP header."""
    needed = offset + _WORD_BYTES
    return (
        _step(_BPF_LOAD_BYTE, _DATA_OFFSET_BYTE),
        _step(_BPF_SHIFT_RIGHT, 2),
        _step(_BPF_AND, 0x3C),  # the header's length in bytes: where the payload begins
        _step(_BPF_TO_INDEX),
        _step(_BPF_LOAD_LENGTH),
        _step(_BPF_SUBTRACT_INDEX),
        _step(_BPF_IF_AT_LEAST, needed, otherwise=3),
        _step(_BPF_LOAD_WORD_INDIRECT, offset),
        _step(_BPF_IF_EQUAL, marker, otherwise=1),
        _step(_BPF_RETURN, _LOSE),
        _step(_BPF_RETURN, _KEEP),
    )


def _step(code: int, operand: int = 0, *, otherwise: int = 0) -> bytes:
    """A struct sock_filter (linux/filter.h); ``otherwise``: steps to skip when a test fails."""
    return struct.pack("=HBBI", code, 0, otherwise, operand)


def require_linux() -> None:
    """MissingComponent on other systems."""
    if sys.platform != "linux":
        raise MissingComponent("losing chosen TCP segments takes Linux's socket filters")
