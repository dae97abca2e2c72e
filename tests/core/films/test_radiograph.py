"""Opening a film: what is accepted, what is refused, and what is warned about."""

from __future__ import annotations

import io
import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from core.errors import ImageReadError
from core.films.radiograph import (
    MAX_FILE_BYTES,
    FilmFacts,
    Radiograph,
    radiograph_from_array,
    read_radiograph,
)

FILM = np.add.outer(np.arange(110), np.arange(120)).astype(np.uint8)
DATA = Path(
    os.environ.get(
        "HILUM_XRAY_DATA", Path(__file__).parents[3].parent / "shared" / "xray"
    )
)


def saved(values: np.ndarray, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.png"
    path.write_bytes(saved(FILM, "PNG"))
    return path


def refusal(path: Path) -> ImageReadError:
    with pytest.raises(ImageReadError) as caught:
        read_radiograph(path)
    sentence = str(caught.value)
    assert caught.value.hint.endswith(".")
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return caught.value


def warnings_of(values: np.ndarray) -> tuple[str, ...]:
    return radiograph_from_array(values).warnings


# Radiograph


def radiograph(values: Any, low: float, high: float) -> Radiograph:
    pixels = np.asarray(values)
    facts = FilmFacts("PNG", *pixels.shape[::-1], 16, "grey", 0)
    return Radiograph(pixels, low, high, Path("film"), facts)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_grey_is_scaled_and_clipped_between_low_and_high(dtype):
    film = radiograph(np.array([[0, 100, 150, 200, 900]], dtype), 100, 200)

    np.testing.assert_array_equal(film.to_uint8(), [[0, 0, 128, 255, 255]])


def test_eight_bits_can_be_windowed_too():
    film = radiograph(np.array([[0, 100, 150, 200]], np.uint8), 100, 200)

    np.testing.assert_array_equal(film.to_uint8(), [[0, 0, 128, 255]])


def test_film_of_one_value_is_black():
    film = radiograph(np.full((2, 2), 7, np.uint16), 7, 7)

    assert not film.to_uint8().any()


def test_extreme_values_do_not_overflow():
    top = np.finfo(np.float32).max
    film = radiograph(np.array([[-top, 0, top]], np.float32), -float(top), float(top))

    np.testing.assert_array_equal(film.to_uint8(), [[0, 128, 255]])


def test_grey_copy_can_be_changed_without_changing_the_film():
    film = radiograph(np.zeros((2, 2), np.uint8), 0, 255)

    film.to_uint8()[:] = 9

    assert not film.pixels.any()


# A pasted picture


def test_pasted_colour_becomes_grey():
    pasted = np.full((120, 130, 3), (30, 90, 200), np.uint8)

    found = radiograph_from_array(pasted)

    assert (found.pixels == 85).all()
    assert found.path == Path("pasted image")
    assert (found.facts.width, found.facts.height) == (130, 120)


def test_pasted_film_does_not_share_memory():
    pasted = FILM.copy()
    found = radiograph_from_array(pasted, name="clip")

    pasted[:] = 0

    np.testing.assert_array_equal(found.pixels, FILM)


def test_pasted_nothing_is_refused():
    with pytest.raises(ImageReadError):
        radiograph_from_array(np.zeros((0, 4), np.uint8))


# Warnings


def test_ordinary_film_has_no_warning(film):
    assert read_radiograph(film).warnings == ()


def test_colour_photo_is_warned_about():
    rng = np.random.default_rng(0)
    photo = cv2.resize(rng.integers(0, 255, (8, 8, 3)).astype(np.uint8), (200, 200))

    assert "coloured" in warnings_of(photo)[0]


def test_film_with_one_tint_and_a_coloured_mark_is_no_photo():
    tinted = np.dstack([FILM // 2 + 20, FILM // 2 + 30, FILM // 2 + 60])
    tinted[:6, :20] = (255, 0, 0)

    assert warnings_of(tinted) == ()


def test_very_small_film_is_warned_about():
    narrow = np.tile(np.arange(95, dtype=np.uint8), (150, 1))

    assert "95 x 150" in warnings_of(narrow)[0]


@pytest.mark.parametrize("value", [0, 128, 255])
def test_blank_film_is_warned_about(value):
    blank = np.full((150, 150), value, np.uint8)
    blank[70, 70] = 200

    assert "blank" in warnings_of(blank)[0]


# Names


@pytest.mark.parametrize(
    "name",
    [
        "Röntgen 胸部 рентген 🩻.png",
        "no suffix",
        "wrong suffix.txt",
        " leading and trailing ",
        "quote\"s 'and' %s {0} $HOME `x`.png",
        "-rf.png",
        "line\nbreak.png",
        "n" * 251 + ".png",
    ],
    ids=str.split,
)
def test_oddly_named_film_reads(tmp_path, name):
    if os.name == "nt" and set(name) & set('"\n'):
        pytest.skip("Windows allows no such name")
    path = tmp_path / name
    path.write_bytes(saved(FILM, "PNG"))

    np.testing.assert_array_equal(read_radiograph(path).pixels, FILM)
    np.testing.assert_array_equal(read_radiograph(str(path)).pixels, FILM)


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode on Windows")
def test_name_that_is_no_text_reads_and_can_be_told(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/film\xff.png"))
    path.write_bytes(saved(FILM, "PNG"))

    assert read_radiograph(path).facts.format == "PNG"
    path.write_bytes(b"")
    str(refusal(path)).encode("utf-8")


def test_deep_path_reads(tmp_path):
    folder = tmp_path.joinpath(*["d" * 200] * 12)
    folder.mkdir(parents=True)
    path = folder / "film.png"
    path.write_bytes(saved(FILM, "PNG"))

    assert read_radiograph(path).path == path


def test_refusal_shortens_a_long_name_and_keeps_its_ends(tmp_path):
    path = tmp_path / ("a" * 200 + "end.png")
    path.write_bytes(b"")

    sentence = str(refusal(path))

    assert len(sentence) < 120
    assert sentence.startswith('"aaa')
    assert "end.png" in sentence


# Refused: what is no film


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "PDF"),
        (b"PK\x03\x04\x14\0\0\0\x08\0" + bytes(40), "ZIP"),
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "video"),
        (b"\x1aE\xdf\xa3\x01\0\0\0\0\0\0\x1fB\x86\x81\x01", "video"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF"),
        (b"\n<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("patient;finding\nMüller;none\n".encode(), "text"),
        (b"\x7fELF\x02\x01\x01" + bytes(80), "not a picture"),
        (bytes(4000), "not a picture"),
        (random.Random(0).randbytes(4000), "not a picture"),
        (b"\x08\0\x05\0" + random.Random(1).randbytes(400), "not a picture"),
    ],
    ids="empty pdf zip mp4 webm avif html text elf zeros noise half_dicom".split(),
)
def test_what_is_no_film_is_called_by_its_name(tmp_path, content, words):
    path = tmp_path / "film.png"
    path.write_bytes(content)

    sentence = str(refusal(path))

    assert words in sentence
    assert '"film.png"' in sentence


def test_missing_file_is_refused(tmp_path):
    assert "no file" in str(refusal(tmp_path / "film.png"))
    assert "no file" in str(refusal(tmp_path / "folder" / "film.png"))


def test_folder_is_refused(tmp_path):
    assert "folder" in str(refusal(tmp_path))


def test_impossible_names_are_refused(tmp_path):
    refusal(tmp_path / "film\0.png")
    refusal(tmp_path / ("n" * 5000))


def test_file_over_a_gigabyte_is_refused_unread(tmp_path, film):
    with open(film, "r+b") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # sparse: takes no space

    assert "1 GB" in str(refusal(film))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "film.png")

    assert "pipe" in str(refusal(tmp_path / "film.png"))


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets")
def test_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("film.png")

        assert "socket" in str(refusal(tmp_path / "film.png"))


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no /dev/zero")
def test_device_is_refused():
    assert "device" in str(refusal(Path("/dev/zero")))


@pytest.fixture
def no_superuser() -> Iterator[None]:
    if not hasattr(os, "geteuid"):
        pytest.skip("permissions work otherwise here")
    was = os.geteuid()
    if was == 0:
        os.seteuid(65534)
    yield
    os.seteuid(was)


def test_film_without_permission_is_refused(film, no_superuser):
    if os.geteuid() != 65534:
        film.chmod(0)

    assert "not allowed" in str(refusal(film))


# Cost


def test_png_is_read_without_importing_pydicom(film):
    code = (
        "import sys; from core.films.radiograph import read_radiograph\n"
        "assert not {'cv2', 'PIL', 'pydicom'} & set(sys.modules)\n"
        "read_radiograph(sys.argv[1])\n"
        "assert 'pydicom' not in sys.modules"
    )

    subprocess.run(
        [sys.executable, "-c", code, str(film)],
        check=True,
        cwd=Path(__file__).parents[3],
    )


# Real films


@pytest.mark.slow
def test_every_original_film_reads_without_a_word_on_stderr(capfd):
    originals = sorted((DATA / "originals").glob("*"))
    if not originals:
        pytest.skip(f"there are no real films in {DATA} (HILUM_XRAY_DATA)")

    for path in originals:
        found = read_radiograph(path)

        assert np.ptp(found.to_uint8()) > 100, path.name
        assert not any("coloured" in note for note in found.warnings), path.name
    assert capfd.readouterr().err == ""


def test_real_monochrome1_film_is_the_mirror_of_its_sibling():
    inverted = DATA / "originals" / "Fake_MONOHR1.dcm"
    if not inverted.exists():
        pytest.skip(f"there are no real films in {DATA} (HILUM_XRAY_DATA)")
    (plain,) = set(inverted.parent.glob("*.dcm")) - {inverted}

    total = read_radiograph(inverted).pixels + read_radiograph(plain).pixels

    assert (total == 255).all()
