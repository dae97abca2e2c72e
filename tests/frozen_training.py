"""The packaged program trains in a child, or says which edition does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from core.jobs.events import EpochEnded, JobStopped, JobSucceeded, Progressed
from core.model.bundle import read_bundle
from core.search.store import read_search
from tests.packed_app import PackedApp, clean_environment
from tests.training_child import Child, work_of

pytest_plugins = ("tests.packed_fixtures",)


@pytest.fixture
def train(
    app: PackedApp, start: Callable[..., Child], phantoms: Path, job: Path
) -> Callable[..., Child]:
    """Starts `core train` of the package with a job that takes seconds."""
    if app.is_reader:
        pytest.skip("the reader edition does not train")

    def begin(out: Path, *words: str) -> Child:
        what = ["--data", phantoms, "--out", out, "--config", job, "--events", *words]
        return start(*what, program=app.core, environment=clean_environment({}))

    return begin


def test_it_trains_and_tells_how_far_it_is(
    train: Callable[..., Child], app: PackedApp, tmp_path: Path, film: Path
) -> None:
    out = tmp_path / "model"
    child = train(out)
    status, said = child.finish()
    assert status == 0, said
    kinds = {type(event) for event in child.events}
    assert {Progressed, EpochEnded, JobSucceeded} <= kinds
    assert read_bundle(out)
    done = app.run("predict", film, "--model", out)
    assert done.returncode == 0, done.stderr


def test_it_searches_for_settings(
    app: PackedApp, phantoms: Path, job: Path, tmp_path: Path
) -> None:
    space, out = tmp_path / "space.json", tmp_path / "search"
    space.write_text('{"head_rate": [0.001, 0.0001]}', encoding="utf-8")
    words = ["--data", phantoms, "--space", space, "--config", job, "--out", out]
    words += ["--trials", "2", "--sampler", "grid", "--set", "epochs=0", "--no-model"]
    done = app.run("search", *words)
    if app.is_reader:
        assert done.returncode == 2
        assert "reader edition" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert len(read_search(out).table().rows) == 2


def test_it_stops_when_asked_and_goes_on_where_it_was(
    train: Callable[..., Child], tmp_path: Path
) -> None:
    out = tmp_path / "model"
    child = train(out, "--set", "epochs=6")
    child.until(EpochEnded)
    child.say("stop")
    status, said = child.finish()
    assert status == 3, said
    assert isinstance(child.events[-1], JobStopped)
    assert work_of(out).exists()
    again = train(out, "--resume", "--set", "epochs=6")
    status, said = again.finish()
    assert status == 0, said
    assert read_bundle(out)
    assert not work_of(out).exists()


def test_it_goes_on_when_the_window_is_gone(
    train: Callable[..., Child], tmp_path: Path
) -> None:
    out = tmp_path / "model"
    child = train(out)
    child.until(EpochEnded)
    child.leave()
    assert child.finish()[0] == 0
    assert read_bundle(out)


@pytest.fixture(scope="module")
def trained(
    app: PackedApp, phantoms: Path, job: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A model that the package trained."""
    if app.is_reader:
        pytest.skip("the reader edition does not train")
    out = tmp_path_factory.mktemp("trained") / "model"
    done = app.run("train", "--data", phantoms, "--out", out, "--config", job)
    assert done.returncode == 0, done.stderr
    assert "AutoGraph" not in done.stderr
    return out


@pytest.mark.parametrize(
    "kind", ["openvino", "onnx", "litert", "savedmodel", "keras", "hilum"]
)
def test_it_exports(app: PackedApp, trained: Path, kind: str, tmp_path: Path) -> None:
    out = tmp_path / f"model.{kind}"
    done = app.run("export", trained, "--format", kind, "--out", out)
    assert done.returncode == 0, done.stderr
    assert out.exists()


def test_another_backend_would_convert_in_a_child(
    app: PackedApp, trained: Path, tmp_path: Path
) -> None:
    saved, out = tmp_path / "model.keras", tmp_path / "model.onnx"
    assert not app.run(
        "export", trained, "--format", "keras", "--out", saved
    ).returncode
    done = app.run("convert", saved, "onnx", out)
    assert done.returncode == 0, done.stderr
    assert out.exists()


def test_the_reader_edition_says_how_to_train(app: PackedApp, tmp_path: Path) -> None:
    if not app.is_reader:
        pytest.skip("this is the full edition")
    done = app.run("train", "--data", tmp_path, "--out", tmp_path / "model")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "Install the full edition" in done.stderr
