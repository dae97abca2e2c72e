"""Plain grey PNGs decoded quickly: the same pixels, or left to the slower decoder."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from core.films.fast_png import QuickPng, quick_png
from core.films.radiograph import read_radiograph
from tests.phantoms import draw_phantom

pytest.importorskip("numba", reason="the quick decoder is optional")
pytest.importorskip("isal", reason="the quick decoder is optional")

#: OpenCV's names: none, sub, up, average, Paeth, and whichever packs best.
_FILTERS = [8, 16, 32, 64, 128, 248]


@pytest.fixture(scope="module")
def quick() -> QuickPng:
    decoder = QuickPng()
    decoder.prepare().join()
    return decoder


def encoded(pixels: NDArray[np.uint8], filters: int = 248) -> bytes:
    good, data = cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_FILTER, filters])
    assert good
    return bytes(data)


def saved(picture: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)  # type: ignore[arg-type]
    return file.getvalue()


def drawn(size: int = 96) -> NDArray[np.uint8]:
    return np.asarray(draw_phantom("covid", 3, size), np.uint8)


def chunk(tag: bytes, content: bytes) -> bytes:
    body = tag + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def made(rows: bytes, width: int, height: int, **parts: bytes) -> bytes:
    """A grey PNG of these filtered rows, or of `packed` bytes."""
    head = struct.pack(">II5B", width, height, 8, 0, 0, 0, 0)
    packed = parts.get("packed", zlib.compress(rows))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + parts.get("before", b"")
        + chunk(b"IDAT", packed)
        + parts.get("after", b"")
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("filters", _FILTERS)
@pytest.mark.parametrize(
    "size", [(1, 1), (1, 50), (50, 1), (3, 40), (16, 15), (17, 33), (7, 200), (100, 90)]
)
def test_every_filter_and_size_gives_the_pixels_that_were_stored(
    quick: QuickPng, filters: int, size: tuple[int, int]
) -> None:
    rng = np.random.default_rng(filters)
    ramp = np.add.outer(np.arange(size[0]), 3 * np.arange(size[1]))
    pixels = (ramp + rng.integers(0, 9, size)).astype(np.uint8)
    found = quick.decode(encoded(pixels, filters))
    assert found is not None
    np.testing.assert_array_equal(found, pixels)


def test_filters_that_change_from_row_to_row_give_what_libpng_gives(
    quick: QuickPng,
) -> None:
    rng = np.random.default_rng(0)
    for width in (5, 16, 61):
        rows = rng.integers(0, 256, (64, width + 1), np.uint8)
        rows[:, 0] = rng.choice([0, 1, 2, 3, 4, 4, 4, 4], 64)
        data = made(rows.tobytes(), width, 64)
        slow = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        np.testing.assert_array_equal(quick.decode(data), slow)


@pytest.mark.parametrize(
    "data",
    [
        saved(Image.fromarray(drawn().astype(np.uint16) * 256)),
        saved(Image.fromarray(np.dstack([drawn()] * 3))),
        saved(Image.fromarray(np.dstack([drawn()] * 2), "LA")),
        saved(Image.fromarray(drawn()).quantize(16)),
        saved(Image.fromarray(drawn() > 99)),
        saved(Image.fromarray(drawn()), transparency=7),
    ],
    ids=["16 bits", "RGB", "alpha", "palette", "1 bit", "transparent level"],
)
def test_other_kinds_are_left_alone(quick: QuickPng, data: bytes) -> None:
    assert quick.decode(data) is None


def test_interlaced_films_are_left_alone(quick: QuickPng) -> None:
    data = bytearray(encoded(drawn()))
    data[28] = 1
    assert quick.decode(bytes(data)) is None


def test_what_is_not_as_it_should_be_is_left_alone(quick: QuickPng) -> None:
    rows = bytes(11 * 10)  # ten rows of ten, no filter
    good = zlib.compress(rows)
    extra = chunk(b"IDAT", b"")
    assert quick.decode(made(rows, 10, 10)) is not None
    assert quick.decode(made(rows[:-1], 10, 10)) is None, "too short"
    assert quick.decode(made(rows + b"0", 10, 10)) is None, "too long"
    assert quick.decode(made(b"\5" + rows[1:], 10, 10)) is None, "no such filter"
    assert quick.decode(made(rows, 10, 10, packed=good[:-6])) is None, "cut off"
    assert quick.decode(made(rows, 10, 10, packed=good[:-1] + b"!")) is None, "sum"
    assert quick.decode(made(rows, 10, 10, packed=b"nonsense")) is None
    for start in (b"\x79\x9c", b"\x88\x1c", b"\x78\x9d", b"\x78\xbb"):
        assert quick.decode(made(rows, 10, 10, packed=start + good[2:])) is None
    tail = chunk(b"eXIf", b"") + extra
    assert quick.decode(made(rows, 10, 10, after=tail)) is None, "data in two places"
    palette = chunk(b"PLTE", bytes(3))
    assert quick.decode(made(rows, 10, 10, before=palette)) is None


def test_a_header_of_another_length_is_left_alone(quick: QuickPng) -> None:
    good = made(bytes(11 * 10), 10, 10)
    head = good[16:29]
    longer = good[:8] + chunk(b"IHDR", head + b"\0") + good[33:]
    assert quick.decode(good) is not None
    assert quick.decode(longer) is None


def test_a_bomb_is_not_inflated(quick: QuickPng) -> None:
    bomb = zlib.compress(bytes(50_000_000), 9)
    assert quick.decode(made(b"", 10, 10, packed=bomb)) is None


def test_nothing_is_decoded_before_it_is_ready() -> None:
    decoder = QuickPng()
    assert not decoder.is_ready
    assert decoder.decode(encoded(drawn())) is None


def test_without_its_libraries_it_never_becomes_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    decoder = QuickPng()
    decoder.prepare().join()
    assert not decoder.is_ready


def test_a_film_is_the_same_whichever_decodes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "film.png"
    path.write_bytes(encoded(drawn(300)))
    monkeypatch.setattr(quick_png, "_unfilter", None)
    slow = read_radiograph(path)
    monkeypatch.undo()
    quick_png.prepare().join()
    fast = read_radiograph(path)
    np.testing.assert_array_equal(fast.pixels, slow.pixels)
    assert (fast.facts, fast.warnings) == (slow.facts, slow.warnings)
