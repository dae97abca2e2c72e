"""Films with random damage: read or refused, and never anything else."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from core.errors import ImageReadError
from core.films.radiograph import read_radiograph
from tests.dicom_files import (
    dicom_bytes,
    dicom_dataset,
    encapsulated,
    jpeg_frame,
    lossless_jpeg_frame,
)


def saved(values: np.ndarray, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind, **options)
    return file.getvalue()


def _damaged_seeds() -> dict[str, bytes]:
    small = np.add.outer(np.arange(0, 160, 5), np.arange(0, 80, 2)).astype(np.uint8)
    wide = small.astype(np.uint16) * 200
    colour = np.dstack([small, small[::-1], small[:, ::-1]])
    seeds = {
        "png": saved(small, "PNG"),
        "png16": cv2.imencode(".png", wide)[1].tobytes(),
        "jpeg": saved(colour, "JPEG"),
        "progressive": saved(small, "JPEG", progressive=True),
        "tiff": saved(small, "TIFF"),
        "tiff_lzw": saved(wide, "TIFF", compression="tiff_lzw"),
        "bmp": saved(colour, "BMP"),
        "webp": saved(colour, "WEBP"),
        "gif": saved(small, "GIF"),
        "dicom": dicom_bytes(dicom_dataset(wide)),
        "dicom_jpeg": dicom_bytes(
            encapsulated(dicom_dataset(small), jpeg_frame(small), uid.JPEGBaseline8Bit)
        ),
        "dicom_lossless": dicom_bytes(
            encapsulated(
                dicom_dataset(wide), lossless_jpeg_frame(wide), uid.JPEGLosslessSV1
            )
        ),
    }
    for syntax in (uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless):
        dataset = dicom_dataset(wide)
        dataset.compress(syntax)
        seeds[f"dicom_{syntax.name.split()[0]}_{syntax[-2:]}"] = dicom_bytes(dataset)
    return seeds


_SEEDS = _damaged_seeds()


def _cut(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content))]


def _with_altered_bytes(content: bytes, dice: random.Random) -> bytes:
    altered = bytearray(content)
    reach = len(altered) if dice.random() < 0.5 else min(len(altered), 900)
    for _ in range(dice.choice((1, 2, 8, 40))):
        altered[dice.randrange(reach)] = dice.choice((0, 127, 255, dice.randrange(256)))
    return bytes(altered)


@pytest.mark.parametrize("damage", [_cut, _with_altered_bytes])
@pytest.mark.parametrize("seed", _SEEDS)
def test_damaged_film_reads_or_is_refused_and_nothing_else(
    tmp_path: Path, seed: str, damage: Callable[[bytes, random.Random], bytes]
):
    dice = random.Random(seed)
    path = tmp_path / "film"
    for _ in range(25):
        path.write_bytes(damage(_SEEDS[seed], dice))
        try:
            found = read_radiograph(path)
        except ImageReadError:
            continue
        assert np.isfinite([found.low, found.high]).all()
        assert found.to_uint8().shape == found.pixels.shape


def test_undamaged_seeds_read(tmp_path):
    for seed, content in _SEEDS.items():
        path = tmp_path / seed
        path.write_bytes(content)

        assert read_radiograph(path).pixels.shape == (32, 40), seed
