"""All tags of a file can be read, whatever they hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from core.errors import ImageReadError
from core.films.dicom_elements import MAX_CHARACTERS, TagLine, read_tags
from core.films.radiograph import read_radiograph
from tests.dicom_files import dicom_bytes, dicom_dataset
from tests.phantoms import draw_phantom

PIXELS = draw_phantom("normal", seed=3, size=96)


def lines_of(tmp_path: Path, **tags: object) -> list[TagLine]:
    dataset = dicom_dataset(PIXELS, **tags)
    block = dataset.private_block(0x0011, "MAKER", create=True)
    block.add_new(1, "UN", b"plain words ")
    block.add_new(2, "UN", b"\1\2\3\4")
    path = tmp_path / "film.dcm"
    path.write_bytes(dicom_bytes(dataset))
    found = read_tags(path)
    assert found is not None
    return found


def test_every_tag_is_listed_with_its_name_and_value(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, PatientName="Doe^Jane", PixelSpacing=[0.1, 0.2])
    by_tag = {line.tag: line for line in lines}
    assert by_tag["(0010,0010)"] == (
        0,
        "(0010,0010)",
        "Patient's Name",
        "PN",
        "Doe^Jane",
    )
    assert by_tag["(0028,0030)"].value == "0.1\\0.2"
    assert "Explicit VR Little Endian" in by_tag["(0002,0010)"].value
    assert [line.tag for line in lines] == sorted(line.tag for line in lines)


def test_sequences_are_nested(tmp_path: Path) -> None:
    inner, outer = Dataset(), Dataset()
    inner.CodeMeaning = "deep"
    outer.PurposeOfReferenceCodeSequence = [inner]
    lines = lines_of(tmp_path, SourceImageSequence=[outer, Dataset()])
    at = next(i for i, line in enumerate(lines) if line.tag == "(0008,2112)")
    found = [(line.depth, line.name, line.value) for line in lines[at : at + 6]]
    assert found == [
        (0, "Source Image Sequence", "2 items"),
        (1, "Item 1", ""),
        (2, "Purpose of Reference Code Sequence", "1 item"),
        (3, "Item 1", ""),
        (4, "Code Meaning", "deep"),
        (1, "Item 2", ""),
    ]


def test_pixels_are_counted_and_private_text_is_read(tmp_path: Path) -> None:
    by_tag = {line.tag: line for line in lines_of(tmp_path)}
    assert by_tag["(7FE0,0010)"].value == "9,216 bytes"
    assert by_tag["(0011,1001)"].value == "plain words"
    assert by_tag["(0011,1002)"].value == "4 bytes"


def test_long_and_unprintable_values_are_one_short_line(tmp_path: Path) -> None:
    said = "first\r\nsecond\x1b " + "x" * 5000
    by_tag = {line.tag: line for line in lines_of(tmp_path, ImageComments=said)}
    value = by_tag["(0020,4000)"].value
    assert value.startswith("first second x")
    assert value.isprintable()
    assert value.endswith("characters)")
    assert len(value) < MAX_CHARACTERS + 30


def test_other_files_have_none(tmp_path: Path, film: Path) -> None:
    assert read_tags(film) is None
    with pytest.raises(ImageReadError):
        read_tags(tmp_path / "missing.dcm")


def test_whom_a_film_is_of_is_said_in_words_and_never_logged(tmp_path: Path) -> None:
    lines_of(
        tmp_path,
        PatientName="Doe^Jane^M",
        PatientID="4711",
        PatientBirthDate="19870605",
        PatientAge="001Y",
        StudyDate="20240131",
        StudyTime="112233.5",
        ImageLaterality="L",
    )
    film = read_radiograph(tmp_path / "film.dcm")
    identity = film.identity
    assert identity is not None
    assert (identity.name, identity.born) == ("Doe, Jane M", "1987-06-05")
    assert (identity.age, identity.date, identity.time) == (
        "1 year",
        "2024-01-31",
        "11:22",
    )
    assert identity.view == "L PA"
    assert "Doe" not in repr(film)
