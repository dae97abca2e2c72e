"""DICOM files drawn for the tests: any tags, any of the common encodings."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import encaps, uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset


def dicom_dataset(values: NDArray[Any], **tags: Any) -> FileDataset:
    """A chest film as a dataset, uncompressed, explicit little endian.

    Args:
        values: (h, w), (h, w, 3) or, with NumberOfFrames, (n, h, w) integers.
        tags: Keywords that replace or add to those of a plain PA film.
    """
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    is_colour = values.shape[-1] == 3 and values.ndim == 3
    height, width = values.shape[-3:-1] if is_colour else values.shape[-2:]
    bits = values.dtype.itemsize * 8
    plain: dict[str, Any] = {
        "SOPClassUID": uid.DigitalXRayImageStorageForPresentation,
        "SOPInstanceUID": "1.2.3",
        "Modality": "DX",
        "ViewPosition": "PA",
        "BodyPartExamined": "CHEST",
        "Rows": height,
        "Columns": width,
        "SamplesPerPixel": 3 if is_colour else 1,
        "PhotometricInterpretation": "RGB" if is_colour else "MONOCHROME2",
        "BitsAllocated": bits,
        "BitsStored": bits,
        "PixelRepresentation": int(values.dtype.kind == "i"),
    }
    if is_colour:
        plain["PlanarConfiguration"] = 0
    for keyword, value in {**plain, **tags}.items():
        setattr(dataset, keyword, value)
    dataset.HighBit = dataset.BitsStored - 1
    raw = values.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    return dataset


def dicom_bytes(dataset: FileDataset) -> bytes:
    file = io.BytesIO()
    dataset.save_as(file, enforce_file_format=True)
    return file.getvalue()


def encapsulated(dataset: FileDataset, frame: bytes, syntax: str) -> FileDataset:
    """The same dataset around one compressed frame."""
    dataset.file_meta.TransferSyntaxUID = uid.UID(syntax)
    dataset.PixelData = encaps.encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    return dataset


def big_endian(dataset: FileDataset) -> bytes:
    size = dataset.BitsAllocated // 8
    swapped = np.frombuffer(dataset.PixelData, f"<u{size}").astype(f">u{size}")
    dataset.PixelData = swapped.tobytes()
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    dataset.set_original_encoding(False, False)
    return dicom_bytes(dataset)


def look_up_table(first: int, entries: NDArray[np.uint16]) -> Dataset:
    """An item of a Modality or VOI LUT Sequence."""
    item = Dataset()
    item.LUTDescriptor = [len(entries), first, 16]
    item.LUTData = entries.tobytes()
    item["LUTData"].VR = "OW"
    return item


def jpeg_frame(values: NDArray[np.uint8], quality: int = 95) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "JPEG", quality=quality)
    return file.getvalue()


def lossless_jpeg_frame(values: NDArray[np.uint16]) -> bytes:
    """Encode (h, w) uint16 as JPEG lossless, predictor 1, one Huffman table.

    Source:
        ITU-T T.81, annex H. All 17 categories get codes of 5 bits, which is a
        valid, if wasteful, table.
    """
    height, width = values.shape
    signed = values.astype(np.int64)
    before = np.roll(signed, 1, axis=1)
    before[1:, 0] = signed[:-1, 0]
    before[0, 0] = 1 << 15
    bits = []
    for difference in (signed - before).ravel().tolist():
        difference = (difference + (1 << 15)) % (1 << 16) - (1 << 15)
        if difference == -(1 << 15):
            bits.append(f"{16:05b}")
            continue
        category = abs(difference).bit_length()
        bits.append(f"{category:05b}")
        if category:
            magnitude = difference if difference > 0 else difference - 1
            bits.append(f"{magnitude & ((1 << category) - 1):0{category}b}")
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    packed = int(stream, 2).to_bytes(len(stream) // 8, "big")

    def segment(marker: int, content: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content

    counts = bytes([0, 0, 0, 0, 17] + [0] * 11)
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xC3, struct.pack(">BHHB3B", 16, height, width, 1, 1, 0x11, 0)),
            segment(0xC4, b"\0" + counts + bytes(range(17))),
            segment(0xDA, bytes([1, 1, 0, 1, 0, 0])),
            packed.replace(b"\xff", b"\xff\0"),
            b"\xff\xd9",
        ]
    )
