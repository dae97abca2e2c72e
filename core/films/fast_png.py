"""The plainest PNG, 8 bits of grey, in well under half the time that libpng takes.

Most films are stored so. ISA-L inflates, and a kernel that Numba compiles undoes the
filters; neither holds the interpreter. Both are optional: without them, or for any
other PNG, OpenCV decodes as it does anyway.
"""

from __future__ import annotations

import importlib
import logging
import struct
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

#: Around width and height: the chunk's length and name; 8 bits, grey, the only
#: methods there are, no interlacing.
_HEADER = struct.pack(">I4s", 13, b"IHDR")
_PLAIN_GREY = struct.pack(">5B", 8, 0, 0, 0, 0)
#: Chunks beside the pixels that change none of them.
_HARMLESS = {b"IHDR", b"IEND", b"eXIf"}
_SUB, _UP, _AVERAGE, _PAETH = 1, 2, 3, 4
#: Rows of a band: as many 16-bit values as fill a wide register.
_BAND = 16


class QuickPng:
    """Decodes plain grey PNGs once it has been made ready.

    Compiling takes a second and a hundred megabytes, so whoever has many films
    to read asks for it; for a few it is not worth it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._zlib: Any = None
        self._unfilter: Callable[..., bool] | None = None
        self._band: Any = None

    @property
    def is_ready(self) -> bool:
        """Whether `decode` may give anything."""
        return self._unfilter is not None

    def prepare(self) -> threading.Thread:
        """Compile in a thread, once; until that is done `decode` gives nothing.

        Returns:
            The thread, for who wants to wait.
        """
        with self._lock:
            if self._thread is None:
                # A daemon: the end of a short scan does not wait for it.
                self._thread = threading.Thread(
                    target=self._compile, daemon=True, name="png-compiler"
                )
                self._thread.start()
            return self._thread

    def decode(self, data: bytes) -> NDArray[np.uint8] | None:
        """Decode a PNG.

        Args:
            data: Signature and chunks; their check sums have been verified.

        Returns:
            (h, w) grey, what libpng gives; None before this is ready, for any
            other kind, and for whatever is not exactly as it should be.
        """
        unfilter = self._unfilter
        packed = _packed_rows(data) if unfilter is not None else None
        if unfilter is None or packed is None:
            return None
        width, height = struct.unpack_from(">II", data, 16)
        size = height * (width + 1)
        if not _is_sound(packed, size):
            return None
        stream = self._zlib.decompressobj()
        try:
            # One byte more than there should be, so that a bomb ends there.
            raw = stream.decompress(packed, size + 1)
        except self._zlib.error:
            return None
        if len(raw) != size or not stream.eof:
            return None
        rows = np.frombuffer(raw, np.uint8).reshape(height, width + 1)
        pixels = np.empty((height, width), np.uint8)
        return pixels if unfilter(rows, pixels, self._band) else None

    def _compile(self) -> None:
        try:
            self._zlib = importlib.import_module("isal.isal_zlib")
            numba = importlib.import_module("numba")
        except ImportError as error:
            logger.info("no quick PNG: %s", error)
            return
        self._band = numba.njit(nogil=True)(_paeth_band)
        unfilter = numba.njit(nogil=True)(_unfilter)
        rows = np.zeros((1, 2), np.uint8)
        rows.flags.writeable = False  # as the inflated bytes: a type of its own
        unfilter(rows, np.empty((1, 1), np.uint8), self._band)
        self._unfilter = unfilter


#: That of this process.
quick_png = QuickPng()


def _packed_rows(data: bytes) -> bytes | None:
    """The compressed rows of a plain grey PNG; None for any other."""
    if data[8:16] != _HEADER or data[24:29] != _PLAIN_GREY:
        return None
    parts, at, has_ended = [], 8, False
    while at < len(data):
        length, tag = struct.unpack_from(">I4s", data, at)
        if tag == b"IDAT":
            if has_ended:
                return None
            parts.append(data[at + 8 : at + 8 + length])
        elif tag not in _HARMLESS or (tag == b"IHDR") != (at == 8):
            return None
        else:
            has_ended = bool(parts)
        at += 12 + length
    return b"".join(parts)


def _is_sound(packed: bytes, size: int) -> bool:
    """Whether zlib would take the first two bytes, of which ISA-L thinks less.

    Args:
        size: Of what is packed. A window that holds all of it needs no check of
            how far back the data reach.

    Source:
        RFC 1950, section 2.2.
    """
    if len(packed) < 2:
        return False
    method, flags = packed[:2]
    window = method >> 4
    is_deflate = method & 15 == 8 and window <= 7 and not flags & 0x20
    return (
        is_deflate
        and (256 * method + flags) % 31 == 0
        and (window == 7 or size <= 1 << (window + 8))
    )


def _unfilter(
    rows: NDArray[np.uint8], pixels: NDArray[np.uint8], paeth_band: Callable[..., None]
) -> bool:
    """Undo the filters of 8-bit grey rows. To be compiled.

    Args:
        rows: (h, w + 1), each led by the number of its filter.
        pixels: (h, w) to fill.
        paeth_band: `_paeth_band`, compiled.

    Returns:
        Whether every filter was known.

    Source:
        W3C, Portable Network Graphics (third edition), section 9.2.
    """
    height, width = pixels.shape
    above = np.zeros(width, np.uint8)
    y = 0
    while y < height:
        kind, given, row = rows[y, 0], rows[y, 1:], pixels[y]
        if kind == _PAETH:
            count = 1
            while count < _BAND and y + count < height and rows[y + count, 0] == _PAETH:
                count += 1
            paeth_band(rows[y : y + count, 1:], pixels[y : y + count], above)
            y += count - 1
        elif kind == _UP:
            for x in range(width):
                row[x] = given[x] + above[x]
        elif kind == _SUB:
            left = np.uint8(0)
            for x in range(width):
                left = np.uint8(given[x] + left)
                row[x] = left
        elif kind == _AVERAGE:
            left = np.uint8(0)
            for x in range(width):
                left = np.uint8(given[x] + ((np.int16(left) + np.int16(above[x])) >> 1))
                row[x] = left
        elif kind == 0:
            row[:] = given
        else:
            return False
        above = pixels[y]
        y += 1
    return True


def _paeth_band(
    given: NDArray[np.uint8], pixels: NDArray[np.uint8], above: NDArray[np.uint8]
) -> None:
    """Undo the Paeth filter of up to `_BAND` rows at once. To be compiled.

    Each row runs one column behind the one above it, so that what it needs of
    that is known, and no value of a step depends on another one of that step:
    one wide register holds them all. A single row is a chain of pixels that each
    wait for the one before.
    """
    count, width = pixels.shape
    left = np.zeros(_BAND, np.int16)
    corner = np.zeros(_BAND, np.int16)
    up = np.zeros(_BAND, np.int16)
    add = np.zeros(_BAND, np.int16)
    for step in range(width + count - 1):
        for k in range(_BAND - 1, 0, -1):
            up[k] = left[k - 1]
        up[0] = np.int16(above[step]) if step < width else np.int16(0)
        first, last = max(0, step - width + 1), min(count, step + 1)
        if last - first == _BAND:
            for k in range(_BAND):
                add[k] = given[k, step - k]
        else:
            for k in range(first, last):
                add[k] = given[k, step - k]
        for k in range(_BAND):
            to_left = np.int16(abs(np.int16(up[k] - corner[k])))
            to_up = np.int16(abs(np.int16(left[k] - corner[k])))
            both = np.int16(np.int16(up[k] - corner[k]) + np.int16(left[k] - corner[k]))
            to_corner = np.int16(abs(both))
            guess = (
                left[k]
                if to_left <= to_up and to_left <= to_corner
                else (up[k] if to_up <= to_corner else corner[k])
            )
            left[k] = np.int16((add[k] + guess) & np.int16(255))
            corner[k] = up[k]
        for k in range(last, _BAND):  # rows that have not begun
            left[k] = 0
            corner[k] = 0
        if last - first == _BAND:
            for k in range(_BAND):
                pixels[k, step - k] = left[k]
        else:
            for k in range(first, last):
                pixels[k, step - k] = left[k]
