"""Heat maps: against Grad-CAM worked out the long way, and as pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from core.model.gradcam import (
    CONTOURS,
    FULL_SCALE,
    colour_table,
    contours,
    draw_contours,
    heatmap_from_evidence,
    overlay,
    relative,
)


def luminance(colours: np.ndarray) -> np.ndarray:
    """CIE lightness L* of (..., 3) uint8 sRGB colours.

    Source: IEC 61966-2-1 for the linear values, CIE 15 for L*.
    """
    share = colours / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


@pytest.mark.parametrize("seed", range(5))
def test_heat_map_is_grad_cam_of_a_pooled_linear_head(seed: int) -> None:
    rng = np.random.default_rng(seed)
    h, w, k = 7, 6, 12
    features = rng.uniform(0, 1, (h, w, k))
    kernel = rng.normal(0, 1, k)

    def logit(changed: np.ndarray) -> float:
        return float(changed.mean(axis=(0, 1)) @ kernel + 0.3)

    step = 1e-4
    gradient = np.zeros_like(features)
    for where in np.ndindex(features.shape):
        up, down = features.copy(), features.copy()
        up[where] += step
        down[where] -= step
        gradient[where] = (logit(up) - logit(down)) / (2 * step)
    grad_cam = np.maximum((features * gradient.mean(axis=(0, 1))).sum(axis=2), 0)
    heat = heatmap_from_evidence((features @ kernel).astype(np.float32), (h, w))
    # The gradient by the features' mean is that by one of them times their number.
    shares = h * w * grad_cam / FULL_SCALE
    np.testing.assert_allclose(heat, np.minimum(shares, 1), atol=1e-5)


@pytest.mark.parametrize("size", [(7, 7), (224, 224), (300, 123), (1, 1), (3, 5)])
def test_heat_map_has_the_size_asked_for_and_lies_from_0_to_1(
    size: tuple[int, int],
) -> None:
    evidence = np.random.default_rng(1).normal(0, 50, (7, 7)).astype(np.float32)
    heat = heatmap_from_evidence(evidence, size)
    assert heat.shape == size
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert heat.max() <= 1


@pytest.mark.parametrize("evidence", [np.zeros((7, 7)), np.full((7, 7), -3.0)])
def test_heat_map_is_blank_where_nothing_argues_for_the_class(
    evidence: np.ndarray,
) -> None:
    assert not heatmap_from_evidence(evidence.astype(np.float32), (64, 64)).any()


@pytest.mark.parametrize(
    ("logit", "share"), [(1.0, 1 / 8), (2.0, 1 / 4), (6.0, 3 / 4), (8.0, 1), (80.0, 1)]
)
def test_the_scale_is_the_same_for_every_film(logit: float, share: float) -> None:
    evidence = np.zeros((7, 7), np.float32)
    evidence[2, 5] = logit
    heat = heatmap_from_evidence(evidence, (63, 63))
    assert heat.max() == pytest.approx(share, abs=1e-6)
    assert heat[2 * 9 + 4, 5 * 9 + 4] == pytest.approx(share, abs=1e-6)


def test_weak_evidence_looks_weak() -> None:
    evidence = np.random.default_rng(1).normal(0, 1, (7, 7)).astype(np.float32)
    weak, strong = (
        heatmap_from_evidence(factor * evidence, (50, 40)) for factor in (1, 3)
    )
    np.testing.assert_allclose(strong, np.minimum(3 * weak, 1), atol=1e-5)
    grey = np.full((50, 40), 100, np.uint8)
    red = [int(overlay(grey, heat, 0.6)[:, :, 0].max()) for heat in (weak, strong)]
    assert red[0] < 120
    assert red[1] > red[0] + 40


def test_relative_evidence_is_in_full_colour_at_its_strongest() -> None:
    evidence = np.random.default_rng(3).normal(0, 1e-4, (14, 14, 3)).astype(np.float32)
    evidence[..., 2] = -1.0
    found = relative(evidence)
    np.testing.assert_allclose(found[..., :2].max(axis=(0, 1)), FULL_SCALE, rtol=1e-6)
    ratio = found[..., 0] / evidence[..., 0]
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-5)
    assert not heatmap_from_evidence(found[..., 2], (20, 20)).any()


def test_the_map_stays_within_the_values_and_has_no_seams() -> None:
    evidence = np.random.default_rng(4).uniform(1, 6, (7, 7)).astype(np.float32)
    heat = heatmap_from_evidence(evidence, (280, 280))
    assert heat.max() <= evidence.max() / FULL_SCALE + 1e-6
    lines = cv2.resize(evidence / FULL_SCALE, (280, 280))
    # Where straight lines meet the slope jumps; cubics bend. A peak is cut off flat.
    bends, jumps = (
        np.quantile(np.abs(np.diff(each, 2, axis=0)), 0.99) for each in (heat, lines)
    )
    assert bends < jumps / 4


def test_contours_run_where_the_evidence_reaches_their_level() -> None:
    y, x = np.mgrid[:200, :200]
    heat = np.exp(-((x - 100) ** 2 + (y - 80) ** 2) / 2000).astype(np.float32)
    alpha = contours(heat)[:, :, 3]
    on_line = heat[alpha > 200]
    nearest = np.abs(on_line[:, np.newaxis] - np.array(CONTOURS)).min(axis=1)
    assert nearest.max() < 0.05
    assert {float(c) for c in CONTOURS} == {
        CONTOURS[i] for i in np.abs(on_line[:, None] - np.array(CONTOURS)).argmin(1)
    }
    assert not contours(heat * 0.2).any()  # weak evidence has no line at all


def test_contours_leave_the_rest_of_the_film_as_it_is(grey: np.ndarray) -> None:
    heat = np.zeros(grey.shape, np.float32)
    heat[10:30, 10:30] = 0.6
    drawn = draw_contours(grey, heat, 1.0)
    bare = contours(heat)[:, :, 3] == 0
    np.testing.assert_array_equal(drawn[bare], np.stack([grey[bare]] * 3, axis=1))
    strong = colour_table()[round(255 * 0.75)]
    assert (np.abs(drawn[10, 10:30].astype(int) - strong) <= 15).all(axis=1).any()


def test_heat_map_leaves_the_evidence_alone() -> None:
    evidence = np.array([[-1, 2], [3, 4]], np.float32)
    heatmap_from_evidence(evidence, (8, 8))
    np.testing.assert_array_equal(evidence, [[-1, 2], [3, 4]])


@pytest.mark.parametrize("shape", [(1, 7, 7), (7, 7, 3), (49,)])
def test_evidence_of_several_films_or_classes_is_refused(
    shape: tuple[int, ...],
) -> None:
    with pytest.raises(ValueError, match="Received"):
        heatmap_from_evidence(np.ones(shape, np.float32), (64, 64))


def test_colours_rise_in_lightness_so_that_no_hue_is_needed() -> None:
    lightness = luminance(colour_table())
    assert (np.diff(lightness) > -0.2).all()  # 8-bit colours step unevenly
    assert (np.diff(lightness[::8]) > 0).all()
    assert lightness[0] < 5
    assert lightness[-1] > 90


def test_colours_are_shared_and_cannot_be_changed() -> None:
    table = colour_table()
    assert table.shape == (256, 3)
    assert table.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_colours_are_red_green_blue_in_this_order() -> None:
    middle = colour_table()[128]
    assert middle[0] > middle[2]  # inferno is red there, not blue


@pytest.fixture
def grey() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (40, 50)).astype(np.uint8)


@pytest.fixture
def heat() -> np.ndarray:
    return np.random.default_rng(2).uniform(0, 1, (40, 50)).astype(np.float32)


def test_overlay_without_opacity_is_the_film_itself(
    grey: np.ndarray, heat: np.ndarray
) -> None:
    given = overlay(grey, heat, 0.0)
    assert given.dtype == np.uint8
    np.testing.assert_array_equal(given, np.stack([grey] * 3, axis=2))


def test_overlay_without_evidence_is_the_film_itself(grey: np.ndarray) -> None:
    given = overlay(grey, np.zeros(grey.shape, np.float32), 1.0)
    np.testing.assert_array_equal(given, np.stack([grey] * 3, axis=2))


def test_overlay_is_the_strongest_colour_where_evidence_is_full(
    grey: np.ndarray,
) -> None:
    given = overlay(grey, np.ones(grey.shape, np.float32), 1.0)
    np.testing.assert_array_equal(
        given, np.broadcast_to(colour_table()[255], (40, 50, 3))
    )


def test_overlay_mixes_by_the_root_of_the_evidence() -> None:
    grey = np.full((1, 1), 100, np.uint8)
    given = overlay(grey, np.full((1, 1), 0.25, np.float32), 0.8)
    colour = colour_table()[int(0.25 * 255)].astype(float)
    # sqrt(0.25) * 0.8 = 0.4 of the colour, 0.6 of the film.
    assert np.abs(given[0, 0] - (0.6 * 100 + 0.4 * colour)).max() <= 1


def test_overlay_leaves_film_and_heat_map_alone(
    grey: np.ndarray, heat: np.ndarray
) -> None:
    before = grey.copy(), heat.copy()
    overlay(grey, heat, 0.6)
    np.testing.assert_array_equal(grey, before[0])
    np.testing.assert_array_equal(heat, before[1])
