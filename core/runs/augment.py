"""Variations of a film, so that a network learns what does not depend on them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from core.runs.variations import Augmentation


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
    """Change what a scanner or a compression would."""
    exponent = np.exp(rng.uniform(-1, 1) * np.log1p(how.gamma))
    level = rng.uniform(-how.brightness, how.brightness)
    result = 255.0 * ((np.clip(film, 0.0, 255.0) / 255.0) ** exponent + level)
    result = np.clip(result, 0.0, 255.0)
    if rng.random() < how.blur:
        result = _coarsen(result, rng)
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


def _coarsen(
    film: NDArray[np.float32], rng: np.random.Generator
) -> NDArray[np.float32]:
    """Blur or resample, as other scanners and compressions would."""
    side = film.shape[0]
    if rng.random() < 0.5:
        blurred = cv2.GaussianBlur(film, (0, 0), rng.uniform(0.4, 1.4))
        return np.asarray(blurred, np.float32)
    small = int(side * rng.uniform(0.45, 0.9))
    coarse = cv2.resize(film, (small, small), interpolation=cv2.INTER_AREA)
    fine = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine, np.float32)


def _erase(film: NDArray[np.float32], rng: np.random.Generator) -> None:
    """Blank a patch, or the border where markers and letters stand."""
    side = film.shape[0]
    level = rng.choice([0.0, float(film.mean())])
    if rng.random() < 0.5:
        height, width = (rng.uniform(0.08, 0.3, 2) * side).astype(int)
        top, left = rng.integers(0, side - height), rng.integers(0, side - width)
        film[top : top + height, left : left + width] = level
        return
    top, bottom, left, right = (rng.uniform(0.0, 0.12, 4) * side).astype(int)
    film[:top] = film[side - bottom :] = level
    film[:, :left] = film[:, side - right :] = level
