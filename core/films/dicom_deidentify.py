"""A DICOM file without whom it is of, by the standard's rules of confidentiality.

Source:
    DICOM PS3.15, annex E: the Basic Application Level Confidentiality Profile,
    without options. `resources/confidentiality-profile.csv` is its table E.1-1.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import re
from typing import TYPE_CHECKING, Any

from core import paths
from core.films.dicom import read_dataset, require_picture
from core.films.dicom_facts import SECONDARY_CAPTURE, burnt_in_text, patient_of
from core.films.dicom_tags import integer
from core.films.patient_id import hashed
from core.films.pixels import decoding

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset
    from pydicom.uid import UID

_METHOD = "Basic Application Confidentiality Profile"
#: Its code in the standard's own coding scheme: PS3.16, CID 7050.
_METHOD_CODE = "113100"
#: VR -> what stands for a value that must not be empty; of text, the last.
_DUMMIES: dict[str, Any] = {
    "DA": "19000101",
    "DT": "19000101000000",
    "TM": "000000",
    "AS": "000Y",
    "OB": b"\0\0",
    "UN": b"\0\0",
}
_DUMMY_TEXT = "ANONYMIZED"
#: Groups of curves and overlays, each up to the one with 0xFF at its end: drawn
#: onto the picture, and no use in parts.
_DRAWN = (0x5000, 0x6000)
#: How a compressed frame begins -> the marker at which it ends or its tiles begin, and
#: those of comments and of applications.
_SEGMENTS = {
    b"\xff\xd8": (0xD9, {0xFE, *range(0xE0, 0xF0)}),
    b"\xff\x4f": (0x90, {0x64}),
}
#: Segments of applications that decoders ask for: how they begin, and how long they
#: are without a thumbnail or anything else.
_ASKED_FOR = {b"JFIF\0": 14, b"mrfx": 5, b"Adobe": 12}
#: How JPEG 2000 begins.
_CODESTREAM = b"\xff\x4f\xff\x51"
#: The marker after the data of a scan: neither stuffing nor a restart.
_AFTER_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]")


def deidentified_dicom(data: bytes, name: str, salt: str) -> tuple[bytes, str, str]:
    """The same film, its pixels as they were, without whom it is of.

    Dates, times, names, comments, private tags and all else that the profile lists
    are removed, emptied or replaced. Films of one patient keep one id, and those of
    one study one UID, for as long as the salt stays the same.

    Args:
        data: Of the file.
        name: The file's, for errors.
        salt: Of `core.films.patient_id`.

    Returns:
        The new file, its patient id (empty where there was none), and what the old
        one said of text in its picture.

    Raises:
        ImageReadError: Damaged, or no film.
    """
    from pydicom.dataset import Dataset, FileMetaDataset

    dataset = read_dataset(data, name)
    require_picture(dataset, name)
    patient, warning = hashed(patient_of(dataset), salt), burnt_in_text(dataset)
    # Values are decoded as they are looked at, so that any step may fail.
    with decoding(name):
        # A file needs both, and films without them are shown all the same.
        if not dataset.get("SOPClassUID"):
            dataset.SOPClassUID = SECONDARY_CAPTURE  # a picture of any origin
        if not dataset.get("SOPInstanceUID"):
            number = int(hashlib.sha256(data).hexdigest()[:32], 16)
            dataset.SOPInstanceUID = f"2.25.{number}"
        _clean(dataset, salt)
        _clean_frames(dataset)
        dataset.PatientID = patient
        dataset.PatientIdentityRemoved = "YES"
        dataset.LongitudinalTemporalInformationModified = "REMOVED"
        dataset.DeidentificationMethod = f"DICOM PS3.15 {_METHOD}"
        method = Dataset()
        method.CodeValue = _METHOD_CODE
        method.CodingSchemeDesignator = "DCM"
        method.CodeMeaning = _METHOD
        dataset.DeidentificationMethodCodeSequence = [method]
        syntax = dataset.file_meta.TransferSyntaxUID
        # The old header names the sender, and its preamble may hold anything.
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.preamble = b"\0" * 128
        file = io.BytesIO()
        dataset.save_as(file, enforce_file_format=True)
    return file.getvalue(), patient, warning


def _clean(dataset: Dataset, salt: str) -> None:
    """Do what the profile says to each element, and to those of its sequences."""
    from pydicom.datadict import dictionary_VR

    for tag in list(dataset.keys()):
        action = _action(tag)
        if action == "X":
            del dataset[tag]
        elif action == "Z":
            vr = dictionary_VR(tag)
            dataset.add_new(tag, vr, [] if vr == "SQ" else None)
        elif action == "D":
            dataset.add_new(tag, vr := dictionary_VR(tag), _dummy(vr, salt))
        elif (element := dataset[tag]).VR != "SQ" and dictionary_VR(tag) == "SQ":
            del dataset[tag]  # written as unknown, it cannot be looked into
        elif element.VR == "SQ":
            for item in element.value:
                _clean(item, salt)
        elif action == "U" and element.value:
            many = element.VM > 1
            uids = [
                _new_uid(uid, salt)
                for uid in (element.value if many else [element.value])
            ]
            element.value = uids if many else uids[0]


def _clean_frames(dataset: FileDataset) -> None:
    """Take comments, EXIF and the like out of compressed frames."""
    from pydicom import encaps
    from pydicom.pixels.utils import get_expected_length

    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        if "PixelData" in dataset:  # nothing may stand behind the pixels
            size = get_expected_length(dataset)
            dataset.PixelData = dataset.PixelData[: size + size % 2]
        return
    count = max(1, integer(dataset, "NumberOfFrames") or 1)
    frames = list(encaps.generate_frames(dataset.PixelData, number_of_frames=count))
    cleaned = [_without_comments(frame) for frame in frames]
    if cleaned != frames:
        dataset.PixelData = encaps.encapsulate(cleaned)
        for offsets in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if offsets in dataset:
                delattr(dataset, offsets)


def _without_comments(frame: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 frame without what no decoder asks for.

    Source:
        ITU-T T.81, table B.1, and T.800, table A.2: markers of segments.
    """
    if frame[4:8] == b"jP  ":  # a file around the codestream that DICOM asks for
        frame = frame[max(0, frame.find(_CODESTREAM)) :]
    if frame.startswith(_CODESTREAM) and (end := frame.rfind(b"\xff\xd9")) > 0:
        frame = frame[: end + 2]
    last, dropped = _SEGMENTS.get(frame[:2], (0, set()))
    kept, at = [frame[:2]], 2
    while dropped and at + 2 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == last:
            return b"".join(kept) + (frame[at : at + 2] if last == 0xD9 else frame[at:])
        length = int.from_bytes(frame[at + 2 : at + 4], "big")
        end = at + 1 if marker == 0xFF else at + 2 + length
        if marker == 0xDA:
            after = _AFTER_SCAN.search(frame, end)
            end = after.start() if after else len(frame)
        if marker not in dropped:
            kept.append(frame[at:end])
        elif known := next(filter(frame[at + 4 :].startswith, _ASKED_FOR), None):
            kept.append(_cut(frame[at + 4 : end], _ASKED_FOR[known], marker))
        at = end
    return b"".join(kept) + frame[at:]


def _cut(body: bytes, size: int, marker: int) -> bytes:
    """A segment of an application without its thumbnail, or what else is behind."""
    body = body[:size]
    if body.startswith(b"JFIF"):
        body = body[:12] + b"\0\0"
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _action(tag: int) -> str:
    """X remove, Z empty, D a dummy, U another UID; nothing: keep, but look inside.

    Where the table leaves the choice to whether a value is required, that is taken
    which serves in either case: the last.
    """
    from pydicom.datadict import dictionary_has_tag

    group = tag >> 16
    if group % 2 or any(first <= group <= first + 0xFF for first in _DRAWN):
        return "X"
    action = _profile().get(tag, "")
    # Of what nobody here knows, nobody can say that it is harmless.
    return action if action or dictionary_has_tag(tag) else "X"


@functools.cache
def _profile() -> dict[int, str]:
    """Tag -> action."""
    table = paths.resources_dir() / "confidentiality-profile.csv"
    rows = csv.DictReader(table.read_text("utf-8").splitlines())
    return {
        int(row["tag"], 16): row["action"].rpartition("/")[2].rstrip("*")
        for row in rows
    }


def _dummy(vr: str, salt: str) -> Any:
    from pydicom.dataset import Dataset

    if vr == "SQ":
        return [Dataset()]
    return _new_uid("", salt) if vr == "UI" else _DUMMIES.get(vr, _DUMMY_TEXT)


def _new_uid(uid: str, salt: str) -> UID:
    """The UID that stands for another, always the same; those of the standard stay."""
    from pydicom.uid import UID, generate_uid

    old = UID(uid)
    return generate_uid(entropy_srcs=[salt, uid]) if old.is_private else old
