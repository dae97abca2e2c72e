"""DICOM films: every encoding, recognised by content, or refused."""

from __future__ import annotations

import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from core.errors import ImageReadError
from core.films.film_warning import is_grave, mended
from core.films.pixels import PixelSpacing
from core.films.radiograph import Radiograph, read_radiograph
from tests.dicom_files import (
    big_endian,
    dicom_bytes,
    dicom_dataset,
    encapsulated,
    jpeg_frame,
    lossless_jpeg_frame,
)

RAMP16 = (np.arange(128 * 112).reshape(128, 112) * 4 + 3).astype(np.uint16)
RAMP8 = np.tile(np.arange(0, 240, 2, dtype=np.uint8), (110, 1))


def opened(tmp_path: Path, content: bytes, name: str = "film.dcm") -> Radiograph:
    path = tmp_path / name
    path.write_bytes(content)
    return read_radiograph(path)


def refusal(tmp_path: Path, content: bytes) -> ImageReadError:
    with pytest.raises(ImageReadError) as caught:
        opened(tmp_path, content)
    assert caught.value.hint
    assert '"film.dcm"' in str(caught.value)
    return caught.value


def film(tmp_path: Path, values: np.ndarray, **tags: object) -> Radiograph:
    return opened(tmp_path, dicom_bytes(dicom_dataset(values, **tags)))


# Encodings


def encoded(syntax: str) -> bytes:
    dataset = dicom_dataset(RAMP16)
    if syntax == uid.ExplicitVRBigEndian:
        return big_endian(dataset)
    if syntax == uid.JPEGLosslessSV1 or syntax == uid.JPEGLossless:
        dataset = encapsulated(dataset, lossless_jpeg_frame(RAMP16), syntax)
    elif uid.UID(syntax).is_encapsulated:
        dataset.compress(syntax)
    else:
        dataset.file_meta.TransferSyntaxUID = syntax
    return dicom_bytes(dataset)


@pytest.mark.parametrize(
    "syntax",
    [
        uid.ImplicitVRLittleEndian,
        uid.ExplicitVRLittleEndian,
        uid.DeflatedExplicitVRLittleEndian,
        uid.ExplicitVRBigEndian,
        uid.RLELossless,
        uid.JPEGLossless,
        uid.JPEGLosslessSV1,
        uid.JPEGLSLossless,
        uid.JPEG2000Lossless,
    ],
    ids=lambda syntax: uid.UID(syntax).name.split(",")[0].replace(" ", "_"),
)
def test_lossless_encodings_give_the_stored_values(tmp_path, syntax):
    found = opened(tmp_path, encoded(syntax))

    np.testing.assert_array_equal(found.pixels, RAMP16)
    assert found.pixels.dtype == np.uint16
    assert (found.low, found.high) == (RAMP16.min(), RAMP16.max())
    assert found.facts.transfer_syntax == uid.UID(syntax).name


def test_jpeg_baseline_is_near_the_stored_values(tmp_path):
    dataset = encapsulated(
        dicom_dataset(RAMP8), jpeg_frame(RAMP8), uid.JPEGBaseline8Bit
    )

    found = opened(tmp_path, dicom_bytes(dataset))

    assert np.abs(found.pixels.astype(int) - RAMP8).max() <= 4
    assert (found.facts.bits, found.low, found.high) == (8, 0, 255)


@pytest.mark.parametrize(
    "name",
    ["JPEGLSNearLossless_08.dcm", "JPGExtended.dcm", "693_J2KI.dcm", "image_dfl.dcm"],
)
def test_files_of_other_makers_read(name):
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"pydicom was installed without {name}")

    assert np.ptp(read_radiograph(path).to_uint8()) > 200


def test_colour_becomes_luminance(tmp_path):
    values = np.tile(np.array([30, 90, 200], np.uint8), (120, 120, 1))

    found = film(tmp_path, values)

    assert found.pixels[0, 0] == round(0.299 * 30 + 0.587 * 90 + 0.114 * 200)
    assert found.facts.colour == "RGB"


# What the file says about itself


def test_plain_film_has_its_facts_and_no_warning(tmp_path):
    found = film(tmp_path, RAMP16)

    assert found.warnings == ()
    assert (found.facts.format, found.facts.view_position) == ("DICOM", "PA")
    assert (found.facts.body_part, found.facts.bits) == ("CHEST", 16)
    assert (found.facts.width, found.facts.height) == (112, 128)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"ViewPosition": "LL"}, "lateral view (LL)"),
        ({"ViewPosition": "RLO"}, "not a frontal"),
        ({"BodyPartExamined": "HAND"}, "body part is HAND"),
        ({"PatientAge": "017Y"}, "a child's film"),
        ({"PatientAge": "215M"}, "a child's film"),
        ({"PatientAge": "012D"}, "a child's film"),
    ],
    ids=["lateral", "oblique", "hand", "child", "child-months", "newborn"],
)
def test_unfit_film_is_read_with_a_warning(tmp_path, tags, words):
    found = film(tmp_path, RAMP16, **tags)

    assert len(found.warnings) == 1
    assert words in found.warnings[0]
    assert is_grave(found.warnings[0])
    assert not found.refused


@pytest.mark.parametrize("age", ["018Y", "216M", "", "Y", "old", "-01Y"])
def test_an_adult_or_an_age_that_is_none_is_no_child(tmp_path, age):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, of an age that is none
        assert film(tmp_path, RAMP16, PatientAge=age).warnings == ()


@pytest.mark.parametrize("modality", ["CT", "MR", "NM", "US", "SC", "OT", "XA"])
def test_what_is_no_plain_film_is_shown_and_refused(tmp_path, modality):
    found = film(tmp_path, RAMP16, Modality=modality)

    assert modality in found.refused
    np.testing.assert_array_equal(found.pixels, RAMP16)


@pytest.mark.parametrize("modality", ["CR", "DX", "RF", ""])
def test_plain_films_are_not_refused(tmp_path, modality):
    assert not film(tmp_path, RAMP16, Modality=modality).refused


@pytest.mark.parametrize(
    ("modality", "is_refused"), [("DX", False), ("OT", False), ("CT", True)]
)
def test_a_secondary_capture_is_refused_by_what_it_captured(
    tmp_path, modality, is_refused
):
    capture = uid.SecondaryCaptureImageStorage
    found = film(tmp_path, RAMP16, Modality=modality, SOPClassUID=capture)

    assert bool(found.refused) == is_refused
    assert bool(found.warnings) == (modality == "OT")


def test_view_is_found_in_its_code(tmp_path):
    code = Dataset()
    code.CodeMeaning = "postero-anterior"

    found = film(tmp_path, RAMP16, ViewPosition="", ViewCodeSequence=[code])

    assert found.facts.view_position == "postero-anterior"
    assert found.warnings == ()


@pytest.mark.parametrize("compress", [False, True], ids=["native", "rle"])
def test_first_of_several_frames_is_read_with_a_warning(tmp_path, compress):
    dataset = dicom_dataset(np.stack([RAMP16, RAMP16[::-1]]), NumberOfFrames=2)
    if compress:
        dataset.compress(uid.RLELossless)

    found = opened(tmp_path, dicom_bytes(dataset))

    np.testing.assert_array_equal(found.pixels, RAMP16)
    assert "2 pictures" in found.warnings[0]


def test_only_the_first_frame_counts_towards_the_size_limit(tmp_path):
    dataset = dicom_dataset(RAMP16)
    dataset.compress(uid.RLELossless)
    dataset.NumberOfFrames = 50_000

    assert opened(tmp_path, dicom_bytes(dataset)).pixels.shape == RAMP16.shape


# Recognised by content


def test_suffix_does_not_matter(tmp_path):
    content = dicom_bytes(dicom_dataset(RAMP16))

    assert opened(tmp_path, content, "film.png").facts.format == "DICOM"
    assert opened(tmp_path, content, "IM0001").facts.format == "DICOM"


@pytest.mark.parametrize("implicit", [True, False], ids=["implicit", "explicit"])
def test_file_without_preamble_and_meta_reads(tmp_path, implicit):
    dataset = dicom_dataset(RAMP16)
    if implicit:
        dataset.file_meta.TransferSyntaxUID = uid.ImplicitVRLittleEndian
    content = dicom_bytes(dataset)
    bare = content[content.index(b"\x08\0\x16\0") :]

    np.testing.assert_array_equal(opened(tmp_path, bare).pixels, RAMP16)


# Refused


def test_size_is_refused_before_decoding(tmp_path):
    dataset = dicom_dataset(RAMP16, Rows=20_000, Columns=20_000)

    assert "20000 x 20000" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_claim_of_over_a_gigabyte_is_refused(tmp_path):
    colour = np.zeros((4, 4, 3), np.uint32)
    dataset = dicom_dataset(colour, Rows=9_500, Columns=9_500)

    assert "9500 x 9500" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_compressed_frame_of_another_size_is_refused(tmp_path):
    frame = bytearray(jpeg_frame(RAMP8))
    at = frame.index(b"\xff\xc0") + 5
    frame[at : at + 4] = struct.pack(">HH", 60_000, 60_000)
    dataset = encapsulated(dicom_dataset(RAMP8), bytes(frame), uid.JPEGBaseline8Bit)

    assert "damaged" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_deflated_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("core.films.dicom.MAX_DECODED_BYTES", 1 << 25)  # for speed
    dataset = dicom_dataset(RAMP16)
    dataset.file_meta.TransferSyntaxUID = uid.DeflatedExplicitVRLittleEndian
    del dataset.PixelData
    content = dicom_bytes(dataset)
    start = 144 + int.from_bytes(content[140:144], "little")
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = squeeze.compress(bytes(1 << 24)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    bomb = block * 3

    assert "1 GB" in str(refusal(tmp_path, content[:start] + bomb))


def test_cut_off_pixels_are_refused(tmp_path):
    content = dicom_bytes(dicom_dataset(RAMP16))

    assert "cut off" in str(refusal(tmp_path, content[:-1000]))
    assert "cut off" in str(refusal(tmp_path, content[: -RAMP16.nbytes - 12]))


def test_report_without_picture_is_refused(tmp_path):
    dataset = dicom_dataset(RAMP16, Modality="SR")
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(dataset, keyword)

    assert "without a picture" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_table_of_contents_is_refused(tmp_path):
    dataset = dicom_dataset(RAMP16)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(dataset, keyword)
    dataset.DirectoryRecordSequence = []

    assert "table of contents" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_video_compression_is_refused_by_name(tmp_path):
    dataset = encapsulated(dicom_dataset(RAMP8), b"\0" * 64, uid.MPEG2MPML)

    assert "MPEG2" in str(refusal(tmp_path, dicom_bytes(dataset)))


def test_complaints_about_a_file_reach_neither_stderr_nor_log(tmp_path):
    dataset = dicom_dataset(RAMP16)
    dataset.PixelData += bytes(RAMP16.nbytes)  # more than its one frame needs
    path = tmp_path / "film.dcm"
    path.write_bytes(dicom_bytes(dataset))
    code = (
        "import logging, sys; from core.films.radiograph import read_radiograph\n"
        "logging.basicConfig()\n"
        "read_radiograph(sys.argv[1])"
    )

    child = subprocess.run(
        [sys.executable, "-W", "default", "-c", code, str(path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )

    assert child.stderr == ""


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, None),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, True)),
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1, False)),
        # One that equals the other has been calibrated for nothing.
        (
            {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.2, 0.1]},
            (0.2, 0.1, True),
        ),
        (
            {"PixelSpacing": [0.18, 0.09], "ImagerPixelSpacing": [0.2, 0.1]},
            (0.18, 0.09, False),
        ),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1, True)),
        ({"ImagerPixelSpacing": [0.2, -1]}, None),
    ],
)
def test_pixels_lie_as_far_apart_as_the_file_says(tmp_path, tags, expected):
    found = film(tmp_path, RAMP16, **tags)
    spacing = found.facts.spacing
    if expected is None:
        assert spacing is None
        return
    down, across, at_detector = expected
    assert spacing == PixelSpacing(down, across, at_detector)
    assert mended(found, "rotate 180").facts.spacing == spacing
    turned = mended(found, "rotate 90").facts.spacing
    assert turned == PixelSpacing(across, down, at_detector)
