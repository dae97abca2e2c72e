"""A copy of a film says nothing of whom it is of, and the film stays what it was."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import datadict, encaps, uid
from pydicom.dataset import Dataset, FileDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from core.errors import ImageReadError, OutputError
from core.films.deidentify import DeidentifiedFilm, deidentify, write_deidentified
from core.films.radiograph import read_radiograph
from core.paths import resources_dir
from tests.dicom_files import (
    big_endian,
    dicom_bytes,
    dicom_dataset,
    encapsulated,
    jpeg_frame,
)
from tests.phantoms import draw_phantom

SECRET = "MUSTERMANN"
OLD_UID = "1.2.276.0.7230010.3.1.4"
SALT = "a salt"
PIXELS = draw_phantom("normal", seed=3, size=96)
#: VR -> a value that tells something.
TELLING: dict[str, Any] = {
    "DA": "19870605",
    "DT": "19870605112233",
    "TM": "112233",
    "AS": "042Y",
    "UI": OLD_UID,
    "OB": SECRET.encode(),
    "UN": SECRET.encode(),
    "IS": "424242",
    "DS": "424242",
    "US": 7,
    "UL": 7,
    "FD": 7.0,
}


def profile() -> dict[int, str]:
    """Tag -> action of the standard's table."""
    table = (resources_dir() / "confidentiality-profile.csv").read_text("utf-8")
    return {int(r["tag"], 16): r["action"] for r in csv.DictReader(io.StringIO(table))}


def telling(**tags: Any) -> FileDataset:
    """A film that tells all that a film can tell by the standard's table."""
    dataset = dicom_dataset(PIXELS)
    for tag in profile():
        if tag >> 16 in (0, 2) or not datadict.dictionary_has_tag(tag):
            continue
        vr = datadict.dictionary_VR(tag)
        item = Dataset()
        item.PatientName = SECRET
        item.ReferencedSOPInstanceUID = f"{OLD_UID}.5"
        item.ReferencedSOPClassUID = uid.ComputedRadiographyImageStorage
        dataset.add_new(tag, vr, [item] if vr == "SQ" else TELLING.get(vr, SECRET))
    dataset.PatientID, dataset.IssuerOfPatientID = "4711", SECRET
    dataset.StudyInstanceUID = f"{OLD_UID}.1"
    block = dataset.private_block(0x0011, SECRET, create=True)
    block.add_new(1, "LO", SECRET)
    dataset.add_new(0x60003000, "OW", SECRET.encode())
    dataset.add_new(0x60000010, "US", 8)
    dataset.add_new(0x00180015, "CS", "CHEST")
    for keyword, value in tags.items():
        setattr(dataset, keyword, value)
    return dataset


def written(path: Path, dataset: FileDataset) -> Path:
    path.write_bytes(dicom_bytes(dataset))
    return path


def read_back(film: DeidentifiedFilm) -> FileDataset:
    return pydicom.dcmread(io.BytesIO(film.content))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return written(tmp_path / f"{SECRET}.dcm", telling())


def test_nothing_that_tells_is_left_anywhere_in_the_file(film: Path) -> None:
    copy = deidentify(film, SALT)
    for secret in (SECRET, "4711", "19870605", "112233", "042Y", f"{OLD_UID}."):
        assert secret.encode() not in copy.content, secret
    assert SECRET not in copy.name


def test_each_tag_is_dealt_with_as_the_table_says(film: Path) -> None:
    before, after = pydicom.dcmread(film), read_back(deidentify(film, SALT))
    added = {0x00100020, 0x00120063, 0x00120064, 0x00120062, 0x00280303}
    for tag, action in profile().items():
        if tag in added or tag not in before:
            continue
        last = action.rpartition("/")[2]
        if last == "X":
            assert tag not in after, hex(tag)
        elif last == "Z":
            assert after[tag].is_empty, hex(tag)
        else:
            assert not after[tag].is_empty, hex(tag)
            assert after[tag].value != before[tag].value, hex(tag)


def test_private_tags_curves_and_overlays_go(film: Path) -> None:
    after = read_back(deidentify(film, SALT))
    assert not [e for e in after.iterall() if e.tag.is_private]
    assert not [t for t in after.keys() if 0x5000 <= t >> 16 <= 0x60FF]


def test_what_is_no_secret_stays(film: Path) -> None:
    before, after = pydicom.dcmread(film), read_back(deidentify(film, SALT))
    for keyword in ("SOPClassUID", "Modality", "ViewPosition", "BodyPartExamined"):
        assert after[keyword].value == before[keyword].value
    assert after.PixelData == before.PixelData
    one, other = (
        read_radiograph(film),
        decoded(deidentify(film, SALT), film.with_name("copy.dcm")),
    )
    assert np.array_equal(one.pixels, other.pixels)


def decoded(film: DeidentifiedFilm, path: Path) -> Any:
    write_deidentified(film, path, Path("elsewhere"))
    return read_radiograph(path)


def test_the_copy_says_how_it_was_made(film: Path) -> None:
    after = read_back(deidentify(film, SALT))
    assert after.PatientIdentityRemoved == "YES"
    assert after.LongitudinalTemporalInformationModified == "REMOVED"
    assert after.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
    assert after.file_meta.MediaStorageSOPInstanceUID == after.SOPInstanceUID
    assert after.preamble == b"\0" * 128


def test_the_old_header_goes(tmp_path: Path) -> None:
    dataset = telling()
    dataset.preamble = SECRET.encode().ljust(128, b"\0")
    dataset.file_meta.SourceApplicationEntityTitle = SECRET
    copy = deidentify(written(tmp_path / "film.dcm", dataset), SALT)
    assert SECRET.encode() not in copy.content


def test_films_of_a_patient_and_of_a_study_stay_together(tmp_path: Path) -> None:
    one = deidentify(written(tmp_path / "1.dcm", telling(SOPInstanceUID="1.2.7")), SALT)
    two = deidentify(written(tmp_path / "2.dcm", telling(SOPInstanceUID="1.2.8")), SALT)
    other = deidentify(written(tmp_path / "3.dcm", telling(PatientID="4712")), SALT)
    elsewhere = deidentify(tmp_path / "1.dcm", "another salt")
    tags = [read_back(film) for film in (one, two, other, elsewhere)]
    assert tags[0].PatientID == tags[1].PatientID
    assert len({each.PatientID for each in tags}) == 3
    assert tags[0].StudyInstanceUID == tags[1].StudyInstanceUID
    assert tags[0].StudyInstanceUID != tags[3].StudyInstanceUID
    assert tags[0].SOPInstanceUID != tags[1].SOPInstanceUID
    assert one.name.startswith(tags[0].PatientID)
    assert one.name != two.name
    assert one.name == deidentify(tmp_path / "1.dcm", SALT).name


def test_references_follow_and_classes_stay(tmp_path: Path) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID = uid.ComputedRadiographyImageStorage
    item.ReferencedSOPInstanceUID = f"{OLD_UID}.9"
    dataset = telling(SourceImageSequence=[item], SOPInstanceUID=f"{OLD_UID}.9")
    after = read_back(deidentify(written(tmp_path / "film.dcm", dataset), SALT))
    source = after.SourceImageSequence[0]
    assert source.ReferencedSOPInstanceUID == after.SOPInstanceUID
    assert source.ReferencedSOPClassUID == uid.ComputedRadiographyImageStorage


@pytest.mark.parametrize("issuer", ["", "HOSPITAL"])
def test_a_film_without_a_patient_id_gets_none(tmp_path: Path, issuer: str) -> None:
    film = dicom_dataset(PIXELS, IssuerOfPatientID=issuer)
    path = written(tmp_path / "film.dcm", film)
    copy = deidentify(path, SALT)
    assert read_back(copy).PatientID == ""
    assert copy.name.startswith("film-")


@pytest.mark.parametrize("kind", ["jpeg", "big endian", "deflated", "implicit"])
def test_any_encoding_is_kept(tmp_path: Path, kind: str) -> None:
    dataset = telling()
    if kind == "jpeg":
        frame = jpeg_frame(PIXELS)
        content = dicom_bytes(encapsulated(dataset, frame, uid.JPEGBaseline8Bit))
    elif kind == "big endian":
        content = big_endian(telling())
    else:
        implicit = kind == "implicit"
        dataset.file_meta.TransferSyntaxUID = (
            uid.ImplicitVRLittleEndian
            if implicit
            else uid.DeflatedExplicitVRLittleEndian
        )
        content = dicom_bytes(dataset)
    path = tmp_path / "film.dcm"
    path.write_bytes(content)
    copy = deidentify(path, SALT)
    syntax = pydicom.dcmread(path).file_meta.TransferSyntaxUID
    assert read_back(copy).file_meta.TransferSyntaxUID == syntax
    assert SECRET not in str(read_back(copy))
    shown = decoded(copy, tmp_path / "copy.dcm").pixels
    assert np.array_equal(shown, read_radiograph(path).pixels)


@pytest.mark.parametrize("kind", ["JPEG", "JPEG2000"])
@pytest.mark.parametrize("frames", [1, 2])
def test_comments_of_compressed_frames_go(
    tmp_path: Path, kind: str, frames: int
) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET
    how: dict[str, Any] = {"JPEG": {"exif": exif}, "JPEG2000": {"no_jp2": True}}[kind]
    syntax = uid.JPEGBaseline8Bit if kind == "JPEG" else uid.JPEG2000Lossless
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, kind, comment=SECRET, **how)
    assert SECRET.encode() in file.getvalue()
    dataset = dicom_dataset(PIXELS, NumberOfFrames=frames)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encaps.encapsulate([file.getvalue()] * frames)
    dataset["PixelData"].VR = "OB"
    path = written(tmp_path / "film.dcm", dataset)
    copy = deidentify(path, SALT)
    assert SECRET.encode() not in copy.content
    before, after = pydicom.dcmread(path), read_back(copy)
    assert np.array_equal(before.pixel_array, after.pixel_array)


@pytest.mark.parametrize("place", ["scans", "end", "behind", "application", "JFIF"])
def test_comments_anywhere_in_a_jpeg_go(tmp_path: Path, place: str) -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(
        file, "JPEG", progressive=True, restart_marker_blocks=2
    )
    frame, secret = file.getvalue(), SECRET.encode()
    comment = b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret
    scan, end = frame.rindex(b"\xff\xda"), frame.rindex(b"\xff\xd9")
    if place == "scans":
        frame = frame[:scan] + comment + frame[scan:]
    elif place == "end":
        frame = frame[:end] + comment + frame[end:]
    elif place == "behind":
        frame += secret
    elif place == "application":
        frame = frame[:2] + comment.replace(b"\xfe", b"\xe0", 1) + frame[2:]
    else:
        longer = (16 + len(secret)).to_bytes(2, "big")
        frame = frame[:4] + longer + frame[6:20] + secret + frame[20:]
    dataset = encapsulated(dicom_dataset(PIXELS), frame, uid.JPEGBaseline8Bit)
    path = written(tmp_path / "film.dcm", dataset)
    copy = deidentify(path, SALT)
    assert secret in path.read_bytes()
    assert secret not in copy.content
    before, after = pydicom.dcmread(path), read_back(copy)
    assert np.array_equal(before.pixel_array, after.pixel_array)


@pytest.mark.parametrize("is_file", [True, False])
def test_what_stands_around_a_jpeg_2000_goes(tmp_path: Path, is_file: bool) -> None:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "JPEG2000", no_jp2=not is_file)
    secret = SECRET.encode()
    frame = file.getvalue() + (len(secret) + 8).to_bytes(4, "big") + b"xml " + secret
    dataset = encapsulated(dicom_dataset(PIXELS), frame, uid.JPEG2000Lossless)
    path = written(tmp_path / "film.dcm", dataset)
    copy = deidentify(path, SALT)
    assert secret not in copy.content
    before = read_radiograph(path)
    assert np.array_equal(decoded(copy, tmp_path / "c.dcm").pixels, before.pixels)


def test_bytes_behind_the_pixels_go(tmp_path: Path) -> None:
    dataset = dicom_dataset(PIXELS)
    dataset.PixelData += SECRET.encode()
    path = written(tmp_path / "film.dcm", dataset)
    copy = deidentify(path, SALT)
    assert SECRET.encode() not in copy.content
    assert np.array_equal(decoded(copy, tmp_path / "c.dcm").pixels, PIXELS)


def test_a_sequence_that_is_written_as_unknown_goes(tmp_path: Path) -> None:
    item, holder = Dataset(), Dataset()
    item.PatientName = SECRET
    item.TextValue = "x" * 70_000  # more than pydicom looks into
    holder.ReferencedSeriesSequence = [item]
    file = DicomBytesIO()
    file.is_little_endian = file.is_implicit_VR = True
    write_dataset(file, holder)
    dataset = dicom_dataset(PIXELS)
    dataset.add_new(0x00081115, "UN", file.getvalue()[8:])
    copy = deidentify(written(tmp_path / "film.dcm", dataset), SALT)
    assert SECRET.encode() not in copy.content


@pytest.mark.parametrize("missing", ["SOPInstanceUID", "SOPClassUID"])
def test_a_film_that_does_not_say_which_it_is_has_a_copy(
    tmp_path: Path, missing: str
) -> None:
    dataset = dicom_dataset(PIXELS)
    delattr(dataset, missing)
    path = tmp_path / "film.dcm"
    dataset.save_as(path, enforce_file_format=False)
    copies = [read_back(deidentify(path, SALT)) for _ in range(2)]
    assert copies[0].SOPInstanceUID == copies[1].SOPInstanceUID


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"BurnedInAnnotation": "YES"}, "says that text is burnt"),
        ({"BurnedInAnnotation": "NO"}, "no text is burnt"),
        ({}, "does not say"),
        ({"SOPClassUID": uid.SecondaryCaptureImageStorage}, "secondary capture"),
    ],
)
def test_text_in_the_picture_is_warned_of(
    tmp_path: Path, tags: dict[str, str], said: str
) -> None:
    path = written(tmp_path / "film.dcm", dicom_dataset(PIXELS, **tags))
    assert said in " ".join(deidentify(path, SALT).warnings)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_picture_keeps_its_pixels_and_nothing_else(
    tmp_path: Path, suffix: str
) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET
    exif[0x0112] = 6  # lies on its side
    path = tmp_path / f"film.{suffix}"
    Image.fromarray(PIXELS).save(path, exif=exif)
    copy = deidentify(path, SALT)
    assert SECRET.encode() not in copy.content
    shown = Image.open(io.BytesIO(copy.content))
    assert not shown.getexif()
    assert not shown.info
    assert np.array_equal(np.asarray(shown), read_radiograph(path).pixels)


def test_sixteen_bits_stay_sixteen(tmp_path: Path) -> None:
    deep = (PIXELS.astype(np.uint16) << 8) + 7
    Image.fromarray(deep).save(tmp_path / "film.png")
    shown = Image.open(io.BytesIO(deidentify(tmp_path / "film.png", SALT).content))
    assert np.array_equal(np.asarray(shown), deep)


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    report = telling()
    for keyword in ("PixelData", "Rows", "Columns"):
        del report[keyword]
    with pytest.raises(ImageReadError, match="without a picture"):
        deidentify(written(tmp_path / "report.dcm", report), SALT)
    (tmp_path / "text.txt").write_text("no film")
    with pytest.raises(ImageReadError):
        deidentify(tmp_path / "text.txt", SALT)


def test_the_film_itself_is_never_written_over(film: Path) -> None:
    before = film.read_bytes()
    with pytest.raises(OutputError, match="is the film itself"):
        write_deidentified(deidentify(film, SALT), film, film)
    assert film.read_bytes() == before
