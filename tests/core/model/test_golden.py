"""Golden films: whether this computer computes what a card promises."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.__main__ import main
from core.errors import BundleError
from core.model.bundle import GOLDEN, ModelBundle, write_bundle
from core.model.classifier import Classifier
from core.model.golden import check_golden_films, self_test, write_golden_films


@pytest.fixture
def golden(tiny_bundle: ModelBundle, tmp_path: Path) -> Path:
    path = tmp_path / GOLDEN
    write_golden_films(Classifier(tiny_bundle), path)
    return path


def holding(bundle: ModelBundle, golden: Path, **fields: object) -> ModelBundle:
    files = {name: bundle.path / name for name in bundle.card.files}
    card = msgspec.structs.replace(bundle.card, **fields)
    return write_bundle(golden.parent / "bundle", card, {**files, GOLDEN: golden})


def changed(golden: Path, **arrays: np.ndarray) -> Path:
    with np.load(golden) as kept:
        held = dict(kept)
    np.savez_compressed(golden, **{**held, **arrays})
    return golden


@pytest.mark.slow
def test_the_computer_that_wrote_them_keeps_the_promise(
    tiny_bundle: ModelBundle, golden: Path
) -> None:
    bundle = holding(tiny_bundle, golden)
    found = check_golden_films(Classifier(bundle))
    assert found is not None
    assert found.is_kept
    assert found.films == 6
    said = " ".join(self_test(Classifier(bundle)))
    for words in (
        "computes what the card promises",
        bundle.sha256,
        "preprocessing 1-stretch-standardise-32",
        "temperature 1.0",
        "precision float32",
    ):
        assert words in said
    assert main(["self-test", "--model", str(bundle.path)]) == 0


def test_older_models_say_that_they_have_none(tiny_bundle: ModelBundle) -> None:
    assert check_golden_films(Classifier(tiny_bundle)) is None
    assert "no golden films" in self_test(Classifier(tiny_bundle))[-1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "factor"), [("probabilities", 1 + 1e-3), ("evidence", 1 + 1e-2)]
)
def test_a_computer_that_computes_something_else_is_told(
    name: str,
    factor: float,
    tiny_bundle: ModelBundle,
    golden: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with np.load(golden) as kept:
        other = kept[name] * factor
    bundle = holding(tiny_bundle, changed(golden, **{name: other}))
    with pytest.raises(BundleError, match="does not compute what the card promises"):
        self_test(Classifier(bundle))
    assert main(["self-test", "--model", str(bundle.path)]) == 2
    assert "Do not use its verdicts here" in capsys.readouterr().err


def test_films_that_are_prepared_in_another_way_are_told(
    tiny_bundle: ModelBundle, golden: Path
) -> None:
    with np.load(golden) as kept:
        films = 255 - kept["films"]
    found = check_golden_films(
        Classifier(holding(tiny_bundle, changed(golden, films=films)))
    )
    assert found is not None
    assert not found.is_kept


@pytest.mark.slow
@pytest.mark.parametrize(
    "arrays",
    [
        {"films": np.zeros((0, 8, 8), np.uint8)},
        {"films": np.zeros((6, 8, 8), np.float32)},
        {"probabilities": np.zeros((6, 2))},
        {"evidence": np.zeros((6, 1, 1, 3), np.float32)},
        {"films": np.array([{}], object)},
    ],
)
def test_golden_films_that_cannot_be_understood_are_refused(
    arrays: dict[str, np.ndarray], tiny_bundle: ModelBundle, golden: Path
) -> None:
    bundle = holding(tiny_bundle, changed(golden, **arrays))
    with pytest.raises(BundleError, match="golden films"):
        check_golden_films(Classifier(bundle))


def test_a_file_that_is_no_archive_is_refused(
    tiny_bundle: ModelBundle, golden: Path
) -> None:
    golden.write_bytes(b"no archive")
    bundle = holding(tiny_bundle, golden)
    with pytest.raises(BundleError, match="golden films"):
        check_golden_films(Classifier(bundle))
