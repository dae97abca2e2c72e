"""Stored DICOM values -> grey pixels and the window they are shown with.

The order is the standard's (PS3.4, annex N.2): modality look-up or rescale, then
VOI look-up or window, and the polarity of MONOCHROME1 last.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.films.dicom_tags import Dataset, integer, items, number, numbers, text, texts
from core.films.pixels import GreyWindow, as_pixels, full_range, mirrored


@dataclasses.dataclass(frozen=True, eq=False)
class GreyFilm:
    """Pixels (h, w), bright = dense, with the values of black and white.

    Beside a look-up table or a sigmoid there are no `windows`: the pixels have been
    through it, and a window is of the values before.
    """

    pixels: NDArray[Any]
    low: float
    high: float
    warnings: tuple[str, ...] = ()
    windows: tuple[GreyWindow, ...] = ()


def present(stored: NDArray[Any], dataset: Dataset) -> GreyFilm:
    """Apply what the file says about showing its (h, w) values, as decoded."""
    padding = _padding(stored, dataset)
    pixels = _modality_values(stored, dataset)
    film = _voi(pixels, dataset, padding)
    if text(dataset, "PhotometricInterpretation") == "MONOCHROME1":
        inverse = mirrored(film.pixels, film.low, film.high)
        windows = tuple(each.mirrored(film.low + film.high) for each in film.windows)
        film = dataclasses.replace(film, pixels=inverse, windows=windows)
    if padding is not None:
        # Padding is no tissue: black, whichever way the values run.
        lowest = 0.0 if film.pixels.dtype.kind == "u" else film.low
        black = film.pixels.dtype.type(max(lowest, film.low))
        film = dataclasses.replace(film, pixels=np.where(padding, black, film.pixels))
    return film


def _padding(stored: NDArray[Any], dataset: Dataset) -> NDArray[np.bool_] | None:
    """(h, w), True where a pixel lies outside the film; None if none does."""
    first = integer(dataset, "PixelPaddingValue")
    if first is None:
        return None
    last = integer(dataset, "PixelPaddingRangeLimit")
    last = first if last is None else last
    mask = (stored >= min(first, last)) & (stored <= max(first, last))
    return mask if mask.any() and not mask.all() else None


def _modality_values(stored: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    holder = _functional_group(dataset, "PixelValueTransformationSequence")
    tables = items(holder, "ModalityLUTSequence")
    if tables:
        return as_pixels(_look_up(stored, tables[0], dataset))
    slope = number(holder, "RescaleSlope")
    intercept = number(holder, "RescaleIntercept")
    slope = 1.0 if slope is None or slope == 0 else slope
    intercept = 0.0 if intercept is None else intercept
    if slope == 1 and intercept == 0:
        return as_pixels(stored)
    return as_pixels(stored.astype(np.float64) * slope + intercept)


def _voi(
    pixels: NDArray[Any], dataset: Dataset, padding: NDArray[np.bool_] | None
) -> GreyFilm:
    holder = _functional_group(dataset, "FrameVOILUTSequence")
    tables = items(holder, "VOILUTSequence")
    if tables:
        shown = as_pixels(_look_up(pixels, tables[0], dataset))
        table = _table(tables[0], dataset)
        return GreyFilm(shown, float(table.min()), float(table.max()))
    tissue = pixels if padding is None else pixels[~padding]
    centre, width = number(holder, "WindowCenter"), number(holder, "WindowWidth")
    function = text(holder, "VOILUTFunction") or "LINEAR"
    if centre is None or width is None or width < 1 and function == "LINEAR":
        return GreyFilm(pixels, *_whole_range(pixels, tissue, dataset))
    if function == "SIGMOID" and width > 0:
        slope = (centre - pixels.astype(np.float64)) * 4 / width
        return GreyFilm(as_pixels(1 / (1 + np.exp(np.clip(slope, -80, 80)))), 0.0, 1.0)
    low, high = _window_ends(centre, width, function)
    windows = _windows(holder, function)
    if high <= low or high <= tissue.min() or low >= tissue.max():
        note = "The window stored in the file shows nothing; the full range is shown."
        whole = _whole_range(pixels, tissue, dataset)
        return GreyFilm(pixels, *whole, (note,), windows)
    return GreyFilm(pixels, low, high, windows=windows)


def _windows(holder: Dataset, function: str) -> tuple[GreyWindow, ...]:
    """All that the file has, by their explanations where it gives these."""
    names = texts(holder, "WindowCenterWidthExplanation")
    found = []
    centres, widths = numbers(holder, "WindowCenter"), numbers(holder, "WindowWidth")
    for place, (centre, width) in enumerate(zip(centres, widths, strict=False)):
        if centre is None or width is None:
            continue
        low, high = _window_ends(centre, width, function)
        if high > low:
            name = names[place] if place < len(names) else ""
            found.append(GreyWindow(name or f"Window {place + 1}", low, high))
    return tuple(found)


def _window_ends(centre: float, width: float, function: str) -> tuple[float, float]:
    """Values shown as black and white.

    Source:
        DICOM PS3.3, C.11.2.1.2.1 (LINEAR) and C.11.2.1.3.2 (LINEAR_EXACT).
    """
    last = 0 if function == "LINEAR_EXACT" else 1
    return centre - width / 2, centre + width / 2 - last


def _whole_range(
    pixels: NDArray[Any], tissue: NDArray[Any], dataset: Dataset
) -> tuple[float, float]:
    if pixels.dtype == np.uint8 and integer(dataset, "BitsStored") == 8:
        return full_range(pixels)
    return float(tissue.min()), float(tissue.max())


def _look_up(values: NDArray[Any], item: Dataset, dataset: Dataset) -> NDArray[Any]:
    """Apply a modality or VOI table; values beyond it take its first or last."""
    table = _table(item, dataset)
    first = int(item.LUTDescriptor[1])
    index = np.clip(np.rint(values).astype(np.int64) - first, 0, len(table) - 1)
    looked_up: NDArray[Any] = table[index]
    return looked_up


def _table(item: Dataset, dataset: Dataset) -> NDArray[Any]:
    """The entries of a look-up table.

    Source:
        DICOM PS3.3, C.11.1.1 and C.11.2.1.1. Zero entries stand for 65536;
        entries of 8 bits may be packed two in a word.
    """
    count = int(item.LUTDescriptor[0]) or 65536
    data = item.LUTData
    if isinstance(data, bytes | bytearray):
        is_little = dataset.file_meta.TransferSyntaxUID.is_little_endian
        wide = len(data) >= 2 * count
        entries = np.frombuffer(data, ("<u2" if is_little else ">u2") if wide else "u1")
    else:
        entries = np.atleast_1d(np.asarray(data)).astype(np.uint16)
        if len(entries) * 2 == count:
            entries = entries.astype("<u2").view(np.uint8)
    if len(entries) < count:
        raise ValueError(f"expected {count} entries. Received: {len(entries)}")
    return as_pixels(entries[:count])


def _functional_group(dataset: Dataset, keyword: str) -> Dataset:
    """Where an enhanced file keeps these tags for its first frame; else itself."""
    for outer in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        groups = items(dataset, outer)
        inner = items(groups[0], keyword) if groups else []
        if inner:
            return inner[0]
    return dataset
