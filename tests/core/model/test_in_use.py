from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import BundleError, OutputError
from core.model import in_use as model_store
from core.model.bundle import (
    CARD,
    GRAPH_WEIGHTS,
    ModelBundle,
    read_bundle,
    write_bundle,
)
from core.paths import default_bundle_dir, models_dir
from tests.small_disk import as_nobody, open_folder, tiny_disk
from tests.tiny_bundle import make_card, write_tiny_bundle


@pytest.fixture
def other(tmp_path: Path) -> ModelBundle:
    return write_tiny_bundle(tmp_path / "other", name="Other", shift=2.0)


def spoil(bundle: Path) -> None:
    (bundle / GRAPH_WEIGHTS).write_bytes(b"not these weights")


@pytest.mark.slow
def test_the_shipped_model_is_in_use_at_first() -> None:
    assert model_store.recorded() == default_bundle_dir()
    assert model_store.open_in_use()[1] is None
    assert model_store.previous() is None


def test_a_model_that_is_used_is_copied(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_bundle.path, run)
    used = model_store.use(run)
    shutil.rmtree(run)
    assert used.path.parent == models_dir()
    assert used.sha256 == tiny_bundle.sha256
    assert read_bundle(model_store.recorded()).sha256 == tiny_bundle.sha256


def test_only_what_the_card_lists_is_copied(
    tiny_bundle: ModelBundle, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_bundle.path, run)
    (run / "patients.txt").write_text("names")
    assert not (model_store.use(run).path / "patients.txt").exists()


def test_a_model_that_is_there_already_is_not_copied_again(
    tiny_bundle: ModelBundle,
) -> None:
    first = model_store.use(tiny_bundle.path)
    written = (first.path / CARD).stat().st_mtime_ns
    model_store.use(default_bundle_dir())
    again = model_store.use(tiny_bundle.path)
    assert again.path == first.path
    assert (again.path / CARD).stat().st_mtime_ns == written


def test_a_damaged_copy_is_made_anew(tiny_bundle: ModelBundle) -> None:
    spoil(model_store.use(tiny_bundle.path).path)
    assert model_store.use(tiny_bundle.path).sha256 == tiny_bundle.sha256
    assert model_store.open_in_use()[1] is None


def test_models_that_differ_only_in_their_card_are_kept_apart(tmp_path: Path) -> None:
    strict = write_tiny_bundle(tmp_path / "strict", threshold=0.9)
    files = {name: strict.path / name for name in strict.card.files}
    loose = write_bundle(tmp_path / "loose", make_card(threshold=0.5), files)
    assert strict.sha256 == loose.sha256
    model_store.use(strict.path)
    model_store.use(loose.path)
    assert read_bundle(model_store.recorded()).card.threshold("covid") == 0.5
    model_store.go_back()
    assert read_bundle(model_store.recorded()).card.threshold("covid") == 0.9


def test_going_back_leads_through_all_models_to_the_shipped_one(
    tiny_bundle: ModelBundle, other: ModelBundle
) -> None:
    model_store.use(tiny_bundle.path)
    model_store.use(other.path)
    earlier = model_store.previous()
    assert earlier is not None
    assert earlier.name == tiny_bundle.card.name
    assert model_store.go_back().sha256 == tiny_bundle.sha256
    assert model_store.go_back().path == default_bundle_dir()
    assert model_store.recorded() == default_bundle_dir()
    with pytest.raises(BundleError, match="No other model"):
        model_store.go_back()


def test_using_the_model_in_use_changes_nothing(tiny_bundle: ModelBundle) -> None:
    model_store.use(tiny_bundle.path)
    model_store.use(tiny_bundle.path)
    assert model_store.go_back().path == default_bundle_dir()


def test_a_model_that_is_gone_is_passed_over_on_the_way_back(
    tiny_bundle: ModelBundle, other: ModelBundle
) -> None:
    shutil.rmtree(model_store.use(tiny_bundle.path).path)
    model_store.use(other.path)
    assert model_store.go_back().path == default_bundle_dir()


@pytest.mark.slow
@pytest.mark.parametrize("how", ["gone", "damaged"])
def test_without_the_chosen_model_the_shipped_one_is_used_and_it_says_why(
    tiny_bundle: ModelBundle, how: str
) -> None:
    path = model_store.use(tiny_bundle.path).path
    if how == "gone":
        shutil.rmtree(path)
    else:
        spoil(path)
    found, problem = model_store.open_in_use()
    assert found.bundle.path == default_bundle_dir()
    assert isinstance(problem, BundleError)
    assert problem.hint


def test_a_damaged_bundle_is_not_used(tiny_bundle: ModelBundle, tmp_path: Path) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(tiny_bundle.path, bad)
    spoil(bad)
    with pytest.raises(BundleError):
        model_store.use(bad)
    assert model_store.recorded() == default_bundle_dir()
    assert not models_dir().exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "not JSON",
        "[]",
        json.dumps({"format_version": 99}),
        json.dumps({"format_version": 1, "in_use": None, "earlier": []}),
        json.dumps(
            {
                "format_version": 1,
                "in_use": {"folder": "../..", "name": "", "sha256": ""},
                "earlier": [],
            }
        ),
    ],
)
def test_a_record_that_cannot_be_understood_is_told_and_survived(
    tiny_bundle: ModelBundle, text: str
) -> None:
    models_dir().mkdir(parents=True)
    (models_dir() / "state.json").write_text(text)
    found, problem = model_store.open_in_use()
    assert found.bundle.path == default_bundle_dir()
    assert "cannot be understood" in str(problem)
    model_store.use(tiny_bundle.path)
    assert model_store.open_in_use()[1] is None


@pytest.fixture
def small_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tiny_disk(tmp_path / "disk", 16) as disk:
        monkeypatch.setenv("HILUM_HOME", str(disk))
        yield disk


def test_a_full_disk_changes_nothing(
    tiny_bundle: ModelBundle, small_home: Path
) -> None:
    model_store.use(default_bundle_dir())
    (small_home / "filler").write_bytes(b"x" * 14_000)
    with pytest.raises(OutputError):
        model_store.use(tiny_bundle.path)
    assert model_store.recorded() == default_bundle_dir()
    left = [p.name for p in small_home.rglob("*") if p.is_file()]
    assert left == ["filler"]


def test_a_read_only_folder_changes_nothing(
    tiny_bundle: ModelBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder() as home:
        bundle = home / "bundle"
        shutil.copytree(tiny_bundle.path, bundle)
        (home / "data").mkdir()
        (home / "data").chmod(0o555)
        monkeypatch.setenv("HILUM_HOME", str(home))
        with as_nobody(), pytest.raises(OutputError, match="may not be written"):
            model_store.use(bundle)
        assert model_store.recorded() == default_bundle_dir()
