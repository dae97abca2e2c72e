"""From the values a DICOM file stores to the grey that is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from core.films.film_warning import mended
from core.films.radiograph import Radiograph, read_radiograph
from tests.dicom_files import dicom_bytes, dicom_dataset, look_up_table

FOUR = np.array([[0, 100], [200, 300]], np.uint16)


def film(tmp_path: Path, values: np.ndarray, **tags: object) -> Radiograph:
    path = tmp_path / "film.dcm"
    path.write_bytes(dicom_bytes(dicom_dataset(values, **tags)))
    return read_radiograph(path)


def test_rescale_is_applied(tmp_path):
    found = film(tmp_path, FOUR, RescaleSlope=0.5, RescaleIntercept=-20)

    np.testing.assert_array_equal(found.pixels, [[-20, 30], [80, 130]])
    assert (found.low, found.high) == (-20, 130)


def test_signed_values_stay_signed(tmp_path):
    found = film(tmp_path, np.array([[-500, 0], [1, 700]], np.int16))

    np.testing.assert_array_equal(found.pixels, [[-500, 0], [1, 700]])


def test_linear_window_follows_the_standard(tmp_path):
    found = film(tmp_path, FOUR, WindowCenter=150.5, WindowWidth=101)

    assert (found.low, found.high) == (100, 200)
    np.testing.assert_array_equal(found.to_uint8(), [[0, 0], [255, 255]])
    np.testing.assert_array_equal(found.pixels, FOUR)


def test_linear_exact_window_is_one_unit_wider(tmp_path):
    found = film(
        tmp_path,
        FOUR,
        WindowCenter=150,
        WindowWidth=100,
        VOILUTFunction="LINEAR_EXACT",
    )

    assert (found.low, found.high) == (100, 200)


def test_sigmoid_window_is_half_grey_at_its_centre(tmp_path):
    found = film(
        tmp_path, FOUR, WindowCenter=200, WindowWidth=100, VOILUTFunction="SIGMOID"
    )

    expected = 1 / (1 + np.exp(-4 * (FOUR.astype(float) - 200) / 100))
    np.testing.assert_allclose(found.pixels, expected, atol=1e-6)
    assert found.to_uint8()[1, 0] == 128


def test_first_of_several_windows_is_used(tmp_path):
    found = film(tmp_path, FOUR, WindowCenter=[150.5, 10], WindowWidth=[101, 3])

    assert (found.low, found.high) == (100, 200)


def test_all_windows_come_with_their_names(tmp_path):
    found = film(
        tmp_path,
        FOUR,
        WindowCenter=[150.5, 50.5, 200.5],
        WindowWidth=[101, 41, 0],
        WindowCenterWidthExplanation=["NORMAL", ""],
    )

    windows = [(each.name, each.low, each.high) for each in found.windows]
    assert windows == [("NORMAL", 100, 200), ("Window 2", 30, 70)]


def test_windows_turn_with_the_polarity_of_the_film(tmp_path):
    found = film(
        tmp_path,
        FOUR,
        WindowCenter=[150.5, 110.5],
        WindowWidth=[101, 21],
        PhotometricInterpretation="MONOCHROME1",
    )

    # 100 to 120 of the values that are mirrored between 100 and 200.
    assert (found.windows[1].low, found.windows[1].high) == (180, 200)
    inverted = mended(found, "invert")
    first = inverted.windows[0]
    assert (first.low, first.high) == (inverted.low, inverted.high)


def test_windows_beside_a_table_are_of_other_values(tmp_path):
    table = look_up_table(0, np.arange(301, dtype=np.uint16)[::-1].copy())
    tags = {"WindowCenter": 150.5, "WindowWidth": 101}

    assert film(tmp_path, FOUR, VOILUTSequence=[table], **tags).windows == ()


def test_window_outside_the_values_is_left_aside_with_a_warning(tmp_path):
    found = film(tmp_path, FOUR, WindowCenter=9000, WindowWidth=10)

    assert (found.low, found.high) == (0, 300)
    assert any("window" in note for note in found.warnings)


def test_modality_table_is_applied_before_the_window(tmp_path):
    table = np.array([10, 20, 40, 80], np.uint16)
    values = np.array([[0, 1], [2, 9]], np.uint16)

    found = film(
        tmp_path,
        values,
        ModalityLUTSequence=[look_up_table(0, table)],
        WindowCenter=30.5,
        WindowWidth=21,
    )

    np.testing.assert_array_equal(found.pixels, [[10, 20], [40, 80]])
    assert (found.low, found.high) == (20, 40)


def test_voi_table_starts_at_its_first_mapped_value(tmp_path):
    table = np.array([5, 1000, 4000], np.uint16)
    values = np.array([[7, 100], [101, 102]], np.uint16)

    found = film(tmp_path, values, VOILUTSequence=[look_up_table(100, table)])

    np.testing.assert_array_equal(found.pixels, [[5, 5], [1000, 4000]])
    assert (found.low, found.high) == (5, 4000)


def test_monochrome1_is_inverted_after_the_voi_table(tmp_path):
    table = np.array([0, 1000, 4000], np.uint16)
    values = np.array([[100, 101], [102, 102]], np.uint16)

    found = film(
        tmp_path,
        values,
        PhotometricInterpretation="MONOCHROME1",
        VOILUTSequence=[look_up_table(100, table)],
    )

    np.testing.assert_array_equal(found.pixels, [[4000, 3000], [0, 0]])


def test_monochrome1_is_inverted_within_its_window(tmp_path):
    found = film(
        tmp_path,
        FOUR,
        PhotometricInterpretation="MONOCHROME1",
        WindowCenter=100.5,
        WindowWidth=201,
    )

    np.testing.assert_array_equal(found.to_uint8(), [[255, 128], [0, 0]])


def test_monochrome1_of_eight_bits_mirrors_at_255(tmp_path):
    values = np.array([[0, 1], [200, 255]], np.uint8)

    found = film(tmp_path, values, PhotometricInterpretation="MONOCHROME1")

    np.testing.assert_array_equal(found.pixels, [[255, 254], [55, 0]])


@pytest.mark.parametrize("polarity", ["MONOCHROME1", "MONOCHROME2"])
def test_padding_is_black_and_does_not_stretch_the_range(tmp_path, polarity):
    values = np.array([[65535, 1000], [1500, 2000]], np.uint16)

    found = film(
        tmp_path, values, PhotometricInterpretation=polarity, PixelPaddingValue=65535
    )

    assert (found.low, found.high) == (1000, 2000)
    assert found.to_uint8()[0, 0] == 0


def test_window_of_an_enhanced_file_is_found(tmp_path):
    window, groups = Dataset(), Dataset()
    window.WindowCenter, window.WindowWidth = 150.5, 101
    groups.FrameVOILUTSequence = [window]

    found = film(tmp_path, FOUR, SharedFunctionalGroupsSequence=[groups])

    assert (found.low, found.high) == (100, 200)


def test_unreadable_window_does_not_lose_the_film(tmp_path):
    content = dicom_bytes(dicom_dataset(FOUR, WindowCenter=1234, WindowWidth=10))
    path = tmp_path / "film.dcm"
    path.write_bytes(content.replace(b"1234", b"1x3A"))

    found = read_radiograph(path)

    np.testing.assert_array_equal(found.pixels, FOUR)


def test_bits_above_those_stored_are_ignored(tmp_path):
    found = film(tmp_path, FOUR + np.uint16(0x4000), BitsStored=12)

    np.testing.assert_array_equal(found.pixels, FOUR)
    assert found.facts.bits == 12
