"""Bytes of a DICOM file -> Radiograph; the modules beside it read its tags."""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from core.errors import ImageReadError
from core.films.dicom_facts import (
    identity_of,
    notes_of,
    patient_of,
    refusal_of,
    spacing_of,
    view_of,
)
from core.films.dicom_grey import GreyFilm, present
from core.films.dicom_tags import integer, text
from core.films.pixels import (
    COLOURED,
    MAX_DECODED_BYTES,
    FilmFacts,
    Radiograph,
    as_pixels,
    cut_off,
    damaged,
    decoding,
    display_name,
    full_range,
    grey_from_colour,
    refuse_if_huge,
)

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset
    from pydicom.uid import UID

MAGIC_AT, MAGIC = 128, b"DICM"
_PIXEL_KEYWORDS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_SAVE_UNCOMPRESSED = "Export it again as uncompressed DICOM, or as PNG."
#: JPEG markers that start a frame header, with its size: SOF0 to SOF15
#: without DHT, JPG and DAC (ITU-T T.81, table B.1), and SOF55 of JPEG-LS.
_FRAME_MARKERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}


def may_be_dicom(head: bytes) -> bool:
    """Whether the first bytes can start a DICOM file, with or without preamble.

    Without one, a file starts with an element of group 2 or 8: its tag, and
    then either a VR in capitals or a 32-bit length with a small value.
    """
    if _is_marked(head):
        return True
    if len(head) < 8:
        return False
    for byte_order in ("<", ">"):
        group, element = struct.unpack_from(byte_order + "HH", head)
        (length,) = struct.unpack_from(byte_order + "I", head, 4)
        if group in (2, 8) and element < 0x2000:
            vr = head[4:6]
            if (vr.isalpha() and vr.isupper()) or length < 256:
                return True
    return False


def _is_marked(data: bytes) -> bool:
    return data[MAGIC_AT : MAGIC_AT + 4] == MAGIC


def decode_dicom(data: bytes, path: Path) -> Radiograph:
    """Decode the first picture of a DICOM file from memory.

    Raises:
        ImageReadError: Damaged, cut off, too large, without a picture, or
            compressed in a way no decoder here knows.
    """
    name = display_name(path)
    dataset = read_dataset(data, name)
    require_picture(dataset, name, is_marked=_is_marked(data))
    _refuse_oversize(dataset, name)
    _check_codestream(dataset, name)
    stored = _first_frame(dataset, name)
    notes = notes_of(dataset)
    if stored.ndim == 3:
        grey, coloured = grey_from_colour(stored)
        pixels = as_pixels(grey)
        said = (COLOURED,) if coloured else ()
        film = GreyFilm(pixels, *full_range(pixels), said)
    else:
        with decoding(name):
            film = present(stored, dataset)
    syntax = dataset.file_meta.TransferSyntaxUID
    facts = FilmFacts(
        format="DICOM",
        width=film.pixels.shape[1],
        height=film.pixels.shape[0],
        bits=integer(dataset, "BitsStored") or integer(dataset, "BitsAllocated") or 8,
        colour="grey" if stored.ndim == 2 else "RGB",
        file_bytes=len(data),
        view_position=view_of(dataset),
        body_part=text(dataset, "BodyPartExamined"),
        transfer_syntax=str(syntax.name),
        patient=patient_of(dataset),
        spacing=spacing_of(dataset),
    )
    return Radiograph(
        *(film.pixels, film.low, film.high, path, facts, (*notes, *film.warnings)),
        refused=refusal_of(dataset),
        windows=film.windows,
        identity=identity_of(dataset),
    )


def read_dataset(data: bytes, name: str) -> FileDataset:
    """The tags of a DICOM file in memory, and its pixels as they are stored.

    Raises:
        ImageReadError: Damaged, or a bomb.
    """
    import pydicom

    # pydicom quotes values of tags when it complains, and these can identify
    # a patient: neither stderr nor a log may see them.
    warnings.filterwarnings("ignore", module=r"pydicom\.")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    with decoding(name):
        _refuse_deflated_bomb(data, name)
        dataset = pydicom.dcmread(io.BytesIO(data), force=True)
        if "TransferSyntaxUID" not in dataset.file_meta:
            dataset.file_meta.TransferSyntaxUID = _guess_syntax(dataset)
    return dataset


def _guess_syntax(dataset: FileDataset) -> UID:
    """The uncompressed syntax a file without that element was read with."""
    from pydicom import uid

    is_implicit, is_little_endian = dataset.original_encoding
    if is_implicit:
        return uid.ImplicitVRLittleEndian
    return uid.ExplicitVRLittleEndian if is_little_endian else uid.ExplicitVRBigEndian


def _refuse_deflated_bomb(data: bytes, name: str) -> None:
    """Measure a deflated dataset in small pieces before pydicom inflates it."""
    from pydicom import filereader, uid

    if not _is_marked(data):
        return
    file = io.BytesIO(data)
    file.seek(MAGIC_AT + 4)
    meta = filereader.read_dataset(
        file, False, True, stop_when=lambda tag, vr, length: tag.group != 2
    )
    if meta.get("TransferSyntaxUID") != uid.DeflatedExplicitVRLittleEndian:
        return
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    pending, size = data[file.tell() :], 0
    while pending and not inflater.eof:
        size += len(inflater.decompress(pending, 1 << 20))
        pending = inflater.unconsumed_tail
        if size > MAX_DECODED_BYTES:
            raise ImageReadError(
                f'"{name}" unpacks to more than 1 GB, which is too large to open.',
                hint=_SAVE_UNCOMPRESSED,
            )


def require_picture(dataset: FileDataset, name: str, *, is_marked: bool = True) -> None:
    """Raise ImageReadError of a DICOM file that is no film.

    Args:
        is_marked: Whether its first bytes say that it is DICOM.
    """
    if any(keyword in dataset for keyword in _PIXEL_KEYWORDS):
        return
    if "Rows" in dataset:
        raise cut_off(name)
    if "DirectoryRecordSequence" in dataset:
        raise ImageReadError(
            f'"{name}" is only the table of contents of a DICOM folder.',
            hint="Open one of the picture files beside it.",
        )
    if "SOPClassUID" not in dataset and "Modality" not in dataset:
        if is_marked:
            raise cut_off(name)
        raise ImageReadError(
            f'"{name}" is not a picture this program can read.',
            hint="Choose a DICOM, PNG, JPEG, TIFF, BMP, WebP or GIF file.",
        )
    raise ImageReadError(
        f'"{name}" is a DICOM file without a picture in it.',
        hint="Choose the film of the study; this file holds a report or plan.",
    )


def _refuse_oversize(dataset: FileDataset, name: str) -> None:
    rows, columns = integer(dataset, "Rows"), integer(dataset, "Columns")
    samples = integer(dataset, "SamplesPerPixel") or 1
    bits = integer(dataset, "BitsAllocated") or 8
    if rows is None or columns is None or samples not in (1, 3, 4):
        raise damaged(name)
    refuse_if_huge(name, columns, rows, bytes_per_pixel=samples * max(1, bits / 8))


def _check_codestream(dataset: FileDataset, name: str) -> None:
    """Refuse a compressed frame whose own size differs from the dataset's.

    Decoders allocate what the frame claims, so a small Rows x Columns alone
    would let a bomb through.
    """
    from pydicom import encaps, uid
    from pydicom.pixels.decoders.base import get_decoder

    syntax = dataset.file_meta.TransferSyntaxUID
    with decoding(name):
        try:
            get_decoder(syntax)
        except NotImplementedError as error:
            raise ImageReadError(
                f'"{name}" is compressed in a way that cannot be decoded here'
                f" ({syntax.name}).",
                hint=_SAVE_UNCOMPRESSED,
            ) from error
        if not syntax.is_encapsulated or syntax == uid.RLELossless:
            return
        frames = max(1, integer(dataset, "NumberOfFrames") or 1)
        frame = encaps.get_frame(dataset.PixelData, 0, number_of_frames=frames)
    claimed = _codestream_size(frame)
    if claimed != (integer(dataset, "Columns"), integer(dataset, "Rows")):
        raise damaged(name)


def _codestream_size(frame: bytes) -> tuple[int, int] | None:
    """(width, height) a JPEG, JPEG-LS or JPEG 2000 frame claims, else None.

    Source:
        ITU-T T.81, B.2.2 (frame header); ITU-T T.800, A.5.1 (SIZ).
    """
    if frame[:2] != b"\xff\xd8":
        siz = frame.find(b"\xff\x4f\xff\x51")
        if siz < 0 or len(frame) < siz + 42:
            return None
        x1, y1, x0, y0 = struct.unpack_from(">4I", frame, siz + 8)
        (components,) = struct.unpack_from(">H", frame, siz + 40)
        return (x1 - x0, y1 - y0) if components <= 4 else None
    at = 2
    while at + 10 <= len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], int.from_bytes(frame[at + 2 : at + 4], "big")
        if marker in _FRAME_MARKERS:
            height, width, components = struct.unpack_from(">HHB", frame, at + 5)
            return (width, height) if components <= 4 else None
        at += 1 if marker == 0xFF else 2 + length
    return None


def _first_frame(dataset: FileDataset, name: str) -> NDArray[Any]:
    """Stored values of the first frame: (h, w), or (h, w, 3) RGB."""
    from pydicom.pixels.processing import apply_color_lut
    from pydicom.pixels.utils import pixel_array

    with decoding(name):
        if dataset.file_meta.TransferSyntaxUID.is_encapsulated is False:
            _refuse_short_pixel_data(dataset, name)
        values = pixel_array(dataset, index=0)
        if text(dataset, "PhotometricInterpretation") == "PALETTE COLOR":
            values = apply_color_lut(values, dataset)
    if values.ndim not in (2, 3) or values.size == 0:
        raise damaged(name)
    return values[..., :3] if values.ndim == 3 else values


def _refuse_short_pixel_data(dataset: FileDataset, name: str) -> None:
    bits = integer(dataset, "BitsAllocated") or 8
    samples = integer(dataset, "SamplesPerPixel") or 1
    area = (integer(dataset, "Rows") or 0) * (integer(dataset, "Columns") or 0)
    if text(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        samples = 2
    for keyword in _PIXEL_KEYWORDS:
        if keyword in dataset and len(dataset[keyword].value) < (
            area * samples * bits // 8
        ):
            raise cut_off(name)


def empty_unless_dates(dataset: FileDataset, *keywords: str) -> None:
    """Empty tags of dates and times that hold none, as an age instead of a date."""
    from pydicom.valuerep import DA, TM

    for keyword in keywords:
        element = dataset[keyword]
        try:
            (DA if element.VR == "DA" else TM)(element.value)
        except (TypeError, ValueError):
            element.clear()
