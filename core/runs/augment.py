"""Variations of a film, so that a network learns what does not depend on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.runs.model_settings import Augmentation

#: Most that exposure changes from one side to the other, and the coarsest grain;
#: both in grey levels of 255.
_SLOPE, _GRAIN = 40.0, 10.0


def vary(
    film: NDArray[np.uint8], how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw one variation of a film.

    All geometry is one affine map, so that the film is resampled once.

    Args:
        film: (s, s) uint8.

    Returns:
        (s, s) float32 in [0, 255].
    """
    moved = _warp(film, _affine(film.shape[0], how, rng))
    return _expose(moved, how, rng)


def vary_with_mask(
    film: NDArray[np.uint8],
    mask: NDArray[np.uint8],
    how: Augmentation,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw one variation of a film as `vary` does, and move a mask along.

    Args:
        film: (s, s) uint8.
        mask: (s, s) uint8, 0 or 255.

    Returns:
        The film, (s, s) float32 in [0, 255], and the mask, (s, s) float32 in [0, 1].
    """
    matrix = _affine(film.shape[0], how, rng)
    return _expose(_warp(film, matrix), how, rng), _warp(mask, matrix) / 255.0


def _warp(film: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    side = film.shape[0]
    moved = cv2.warpAffine(
        film.astype(np.float32),
        matrix,
        (side, side),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=0.0,
    )
    return np.asarray(moved, np.float32)


def _expose(
    film: NDArray[np.float32], how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Change what a scanner, an archive or a compression would."""
    result = np.clip(film, 0.0, 255.0)
    if rng.random() < how.local_contrast:
        tiles = int(rng.integers(4, 12))
        even = cv2.createCLAHE(rng.uniform(1.0, 4.0), (tiles, tiles))
        result = even.apply(result.astype(np.uint8)).astype(np.float32)
    exponent = np.exp(rng.uniform(-1, 1) * np.log1p(how.gamma))
    level = rng.uniform(-how.brightness, how.brightness)
    result = 255.0 * ((result / 255.0) ** exponent + level)
    if rng.random() < how.blur:
        result = _resharpen(np.clip(result, 0.0, 255.0), rng)
    if rng.random() < how.uneven:
        across, down = rng.uniform(-_SLOPE, _SLOPE, 2)
        axis = np.linspace(-0.5, 0.5, film.shape[0])
        result = result + across * axis + down * axis[:, np.newaxis]
    if rng.random() < how.noise:
        result = result + rng.normal(0.0, rng.uniform(1.0, _GRAIN), film.shape)
    result = np.clip(result, 0.0, 255.0)
    if rng.random() < how.compression:
        result = _compress(result, int(rng.integers(25, 90)))
    if rng.random() < how.erase:
        _erase(result, rng)
    return result.astype(np.float32)


def _affine(
    side: int, how: Augmentation, rng: np.random.Generator
) -> NDArray[np.float64]:
    angle = np.deg2rad(rng.uniform(-how.rotation_deg, how.rotation_deg))
    scale_x, scale_y = 1 + rng.uniform(-how.zoom, how.zoom, 2)
    mirror = -1.0 if how.flip and rng.random() < 0.5 else 1.0
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.array([[cos, -sin], [sin, cos]]) @ np.diag([mirror * scale_x, scale_y])
    centre = np.full(2, (side - 1) / 2)
    shift = rng.uniform(-how.shift, how.shift, 2) * side
    return np.column_stack([turn, centre + shift - turn @ centre])


def _resharpen(
    film: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Blur, sharpen or resample, as other scanners and archives would."""
    side, kind = film.shape[0], rng.integers(3)
    if kind == 0:
        blurred = cv2.GaussianBlur(film, (0, 0), rng.uniform(0.4, 1.4))
        return np.asarray(blurred, np.float32)
    if kind == 1:
        blurred = cv2.GaussianBlur(film, (0, 0), rng.uniform(0.8, 2.5))
        return np.asarray(film + rng.uniform(0.3, 1.5) * (film - blurred), np.float32)
    small = int(side * rng.uniform(0.45, 0.9))
    coarse = cv2.resize(film, (small, small), interpolation=cv2.INTER_AREA)
    fine = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine, np.float32)


def _compress(film: NDArray[np.float32], quality: int) -> NDArray[np.float32]:
    """Write as JPEG and read again."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    _, written = cv2.imencode(".jpg", film.astype(np.uint8), options)
    return cv2.imdecode(written, cv2.IMREAD_GRAYSCALE).astype(np.float32)


def _erase(film: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Blank a patch, a corner, or the border where markers and letters stand."""
    side, kind = film.shape[0], rng.random()
    level = rng.choice([0.0, float(film.mean())])
    if kind < 0.4:
        height, width = (rng.uniform(0.08, 0.3, 2) * side).astype(int)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        film[top : top + height, left : left + width] = level
    elif kind < 0.8:
        top, bottom, left, right = (rng.uniform(0.0, 0.14, 4) * side).astype(int)
        film[:top] = film[side - bottom :] = level
        film[:, :left] = film[:, side - right :] = level
    else:  # white as well: a marker that is always in one archive's corner
        mark = int(side * rng.uniform(0.08, 0.22))
        ends = slice(0, mark), slice(side - mark, side)
        film[ends[rng.integers(2)], ends[rng.integers(2)]] = rng.choice([0.0, 255.0])
