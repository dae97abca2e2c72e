"""The first phase, on stored features and on films varied anew; jobs of one phase."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("small_backbone")]

keras = pytest.importorskip("keras")

from core.data.dataset import index_dataset  # noqa: E402
from core.errors import TrainingStopped  # noqa: E402
from core.films.preprocess import PreprocessSpec  # noqa: E402
from core.jobs.control import Control  # noqa: E402
from core.jobs.events import (  # noqa: E402
    FINISH,
    EpochEnded,
    Progressed,
    StageStarted,
    TrainingEvent,
)
from core.jobs.reporters import StageProgress  # noqa: E402
from core.model.bundle import read_bundle  # noqa: E402
from core.runs.config import TrainingConfig, config_from_json  # noqa: E402
from core.runs.estimate import Speeds, minutes_of  # noqa: E402
from core.runs.job_folder import Job, JobFolder  # noqa: E402
from core.runs.progress import EPOCHS, also_to_table, write_epochs  # noqa: E402
from core.training import head_fit  # noqa: E402
from core.training.checks import check_job  # noqa: E402
from core.training.compiling import (  # noqa: E402
    compile_network,
    head_optimiser,
    tuning_optimiser,
)
from core.training.features import compute_features  # noqa: E402
from core.training.head_fit import Features, Head, fit_head  # noqa: E402
from core.training.network import build_network  # noqa: E402
from core.training.pipeline import Part, TrainingFilms, read_films  # noqa: E402
from core.training.train import run_job  # noqa: E402
from tests.training_child import SMALL  # noqa: E402

TRAIN, VAL, LABELS, WIDTH = 20, 6, 3, 8


def small(**settings: object) -> TrainingConfig:
    return config_from_json({**SMALL, **settings})


def part(rows: np.ndarray) -> Part:
    return Part(rows, rows % LABELS, np.ones(len(rows), np.float32))


def drawn_films() -> TrainingFilms:
    """Films by their rows alone: their features are drawn."""
    train, val = np.arange(TRAIN), np.arange(TRAIN, TRAIN + VAL)
    return TrainingFilms(np.zeros((TRAIN + VAL, 1, 1)), part(train), part(val), LABELS)


def drawn_features(varied: bool) -> tuple[Features, list[int]]:
    """Features that tell the labels apart, and the epochs that asked for new ones."""
    rng = np.random.default_rng(0)
    every = rng.normal(size=(TRAIN + VAL, WIDTH)).astype(np.float32)
    every[np.arange(TRAIN + VAL), np.arange(TRAIN + VAL) % LABELS] += 2
    asked: list[int] = []

    def of_epoch(epoch: int) -> np.ndarray:
        asked.append(epoch)
        noise = np.random.default_rng(epoch).normal(scale=0.1, size=(TRAIN, WIDTH))
        return (every[:TRAIN] + noise).astype(np.float32)

    copies = np.zeros((0, TRAIN, WIDTH), np.float32)
    return Features(every, copies, of_epoch if varied else None), asked


def fit(
    config: TrainingConfig, monkeypatch: pytest.MonkeyPatch, *, varied: bool
) -> tuple[Head, Any, list[int]]:
    """A head, the optimiser that it was trained with, and the epochs varied for it."""
    used: list[Any] = []

    def noted(*arguments: Any) -> Any:
        used.append(head_optimiser(*arguments))
        return used[-1]

    monkeypatch.setattr(head_fit, "head_optimiser", noted)
    features, asked = drawn_features(varied)
    progress = StageProgress(lambda event: None, Control())
    head = fit_head(features, drawn_films(), config, progress)
    return head, used[0], asked


@pytest.mark.parametrize("varied", [False, True], ids=["stored", "varied"])
@pytest.mark.parametrize("batch", [4, 7, 64])
def test_head_learns_in_steps_of_the_job_s_batch(
    batch: int, varied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(batch=batch, head_epochs=3, patience=0)
    head, optimiser, asked = fit(config, monkeypatch, varied=varied)
    assert int(optimiser.iterations) == 3 * -(-TRAIN // batch)
    assert asked == ([0, 1, 2] if varied else [])
    assert len(head.history) == 3


@pytest.mark.parametrize("varied", [False, True], ids=["stored", "varied"])
def test_schedule_changes_the_rate_of_the_head(
    varied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rates(**settings: object) -> list[float | None]:
        config = small(head_epochs=12, head_rate=0.1, patience=0, **settings)
        head, _, _ = fit(config, monkeypatch, varied=varied)
        return [epoch.rate for epoch in head.history]

    assert rates(schedule="constant") == pytest.approx([0.1] * 12)
    cosine = rates(schedule="cosine")
    assert cosine[0] == pytest.approx(0.1), "warmed up in the first epoch"
    assert cosine == sorted(cosine, reverse=True)
    assert cosine[-1] < 0.01
    # At such a rate some epoch is no better than the one before.
    plateau = rates(schedule="plateau", plateau_patience=1, plateau_factor=0.5)
    assert plateau[0] == pytest.approx(0.1)
    assert plateau[-1] < 0.1
    falls = np.array(plateau[1:]) / plateau[:-1]
    assert set(np.round(falls, 4)) == {0.5, 1.0}


@pytest.mark.parametrize("make", [head_optimiser, tuning_optimiser])
def test_gradients_of_a_step_are_clipped_together(make: Callable[..., Any]) -> None:
    def length_of_step(clip_norm: float) -> float:
        keras.utils.set_random_seed(1)
        config = TrainingConfig(
            head_optimiser="sgd",
            optimiser="sgd",
            head_rate=1.0,
            rate=1.0,
            schedule="constant",
            average=0,
            weight_decay=0,
            label_smoothing=0,
            clip_norm=clip_norm,
        )
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        compile_network(model, make(config, 1), config)
        before = model.get_weights()
        model.train_on_batch(np.full((3, 4), 50, np.float32), np.eye(3)[[0, 0, 0]])
        moved = [
            (a - b).ravel() for a, b in zip(model.get_weights(), before, strict=True)
        ]
        return float(np.linalg.norm(np.concatenate(moved)))

    assert length_of_step(0) > 10
    assert length_of_step(0.5) == pytest.approx(0.5, rel=1e-3)


@pytest.fixture
def stored(phantoms: Path, tmp_path: Path) -> TrainingFilms:
    """Six films of 32 pixels, four of them to learn from."""
    folder = tmp_path / "films"
    folder.mkdir()
    samples = index_dataset(phantoms).samples[:6]
    films = read_films(samples, PreprocessSpec(size=32), folder, lambda n: None)
    return TrainingFilms(films.pixels, part(np.arange(4)), part(np.arange(4, 6)), 3)


def features_of(
    config: TrainingConfig,
    films: TrainingFilms,
    folder: Path,
    report: Callable[[TrainingEvent], None] = lambda event: None,
    control: Control | None = None,
) -> tuple[Features, StageProgress]:
    """As a job computes them, the same weights each time."""
    folder.mkdir(exist_ok=True)
    keras.utils.set_random_seed(5)
    progress = StageProgress(report, control or Control())
    features = compute_features(
        build_network(config, 3),
        films,
        config,
        folder=JobFolder(folder),
        progress=progress,
    )
    progress.start("head", "Training.")
    return features, progress


def test_films_varied_anew_differ_from_epoch_to_epoch_and_are_kept(
    stored: TrainingFilms, tmp_path: Path
) -> None:
    told: list[TrainingEvent] = []
    config = small(head_varied=True, head_epochs=2, feature_copies=3)
    features, _ = features_of(config, stored, tmp_path / "work", told.append)
    assert features.copies.shape == (0, 4, 256), "new variations take their place"
    assert not features.films[:4].any()
    assert features.films[4:].any(axis=1).all()
    assert features.of_epoch is not None
    first, second = (features.of_epoch(epoch) for epoch in range(2))
    assert first.shape == second.shape == (4, 256)
    assert not np.allclose(first, second, atol=1e-3)
    films = [e for e in told if isinstance(e, Progressed) and e.stage == "head"]
    assert (films[-1].done, films[-1].total) == (8, 8)

    # Resumed they are read, and elsewhere they are computed the same again.
    for folder, is_read in (("work", True), ("other", False)):
        told.clear()
        again, _ = features_of(config, stored, tmp_path / folder, told.append)
        assert again.of_epoch is not None
        np.testing.assert_array_equal(again.of_epoch(1), second)
        assert (not any(isinstance(e, Progressed) for e in told)) == is_read


def fit_on(
    films: TrainingFilms,
    config: TrainingConfig,
    computed: tuple[Features, StageProgress],
) -> Head:
    return fit_head(computed[0], films, config, computed[1])


def test_head_on_varied_films_goes_on_after_a_stop_to_the_same_weights(
    stored: TrainingFilms, tmp_path: Path
) -> None:
    config = small(head_varied=True, head_epochs=3, patience=0, head="4")
    whole = fit_on(stored, config, features_of(config, stored, tmp_path / "whole"))
    control = Control()

    def stop(event: TrainingEvent) -> None:
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control._stop.set()

    cut = tmp_path / "cut"
    with pytest.raises(TrainingStopped):
        fit_on(stored, config, features_of(config, stored, cut, stop, control))
    assert len(list(cut.glob("varied-*.npy"))) == 2
    resumed = fit_on(stored, config, features_of(config, stored, cut))
    assert len(resumed.history) == 3
    for one, other in zip(whole.weights, resumed.weights, strict=True):
        np.testing.assert_array_equal(one, other)


def run(
    config: TrainingConfig,
    data: Path,
    out: Path,
    report: Callable[[TrainingEvent], None] = lambda event: None,
    control: Control | None = None,
) -> dict[str, Any]:
    """Run a job; the record of its training."""
    folder = JobFolder.beside(out)
    folder.begin(Job(config, data, "test"))
    run_job(
        config,
        check_job(config, data),
        out,
        folder=folder,
        command="test",
        report=report,
        control=control or Control(),
    )
    return dict(read_bundle(out).card.training)


def test_job_of_a_head_on_varied_films_makes_a_model(
    phantoms: Path, tmp_path: Path
) -> None:
    told: list[TrainingEvent] = []
    config = small(head_varied=True, epochs=0, dropout_at="hidden", head="4")
    training = run(config, phantoms, tmp_path / "model", told.append)
    assert [e["phase"] for e in training["history"]] == ["head", "head"]
    assert training["parity"]["largest_probability_difference"] < 1e-3
    assert not (tmp_path / "model.work").exists()


def test_job_of_one_phase_trains_all_from_the_start(
    phantoms: Path, tmp_path: Path
) -> None:
    told: list[TrainingEvent] = []
    config = small(head_epochs=0, epochs=2, head="8", head_norm=True, average=0)
    training = run(config, phantoms, tmp_path / "model", told.append)
    assert [e["phase"] for e in training["history"]] == ["fine-tuning"] * 2
    stages = [e.stage for e in told if isinstance(e, StageStarted)]
    assert not {"features", "head"} & set(stages)
    with open(tmp_path / "model" / EPOCHS, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row, epoch in zip(rows, training["history"], strict=True):
        assert float(row["val_loss"]) == epoch["val_loss"]
        assert (row["phase"], int(row["epoch"])) == ("fine-tuning", epoch["epoch"])


def test_job_of_one_phase_that_is_to_finish_has_an_epoch_at_least(
    phantoms: Path, tmp_path: Path
) -> None:
    control = Control()
    control._obey(FINISH)
    config = small(head_epochs=0, epochs=3)
    training = run(config, phantoms, tmp_path / "model", control=control)
    assert [e["epoch"] for e in training["history"]] == [1]
    assert "in the phase fine-tuning after epoch 1 of at most 3" in training["notes"][0]


def test_minutes_count_what_the_head_sees(phantoms: Path) -> None:
    def films_run(**settings: object) -> float:
        config = small(**settings)
        speeds = Speeds(config.backbone, config.size, 0, first_s=0, film_s=60)
        counts = {"train": 10, "val": 5, "test": 5}
        return minutes_of(config, counts, speeds)["features"]

    assert films_run(feature_copies=2) == 35
    assert films_run(feature_copies=2, head_varied=True, head_epochs=4) == 45
    assert films_run(head_epochs=0) == 0


def epoch(phase: str, number: int, loss: float = 1.0) -> EpochEnded:
    return EpochEnded(phase, number, 9, loss, 1.5, 0.5, 0.25, True, rate=1e-3)


def test_table_of_epochs_goes_on_where_it_was(tmp_path: Path) -> None:
    table = tmp_path / EPOCHS
    told: list[TrainingEvent] = []
    tell = also_to_table(told.append, table)
    first = [epoch("head", 1), epoch("fine-tuning", 1), epoch("fine-tuning", 2)]
    for each in (StageStarted("head"), *first):
        tell(each)
    assert told == [StageStarted("head"), *first]
    also_to_table(told.append, table)(epoch("fine-tuning", 2, loss=0.5))
    again = table.read_text("utf-8")
    write_epochs(table, [*first[:2], epoch("fine-tuning", 2, loss=0.5)])
    assert table.read_text("utf-8") == again
    assert again.splitlines()[0].startswith("phase,epoch,epochs,loss,val_loss")
    assert again.splitlines()[1] == "head,1,9,1.0,1.5,0.5,0.25,True,,,0.001,"


def test_table_that_cannot_be_written_or_read_stops_no_training(tmp_path: Path) -> None:
    table = tmp_path / EPOCHS
    table.mkdir()
    told: list[TrainingEvent] = []
    also_to_table(told.append, table)(epoch("head", 1))
    assert told == [epoch("head", 1)]
    table.rmdir()
    table.write_text("phase,epoch\nhead,many\n", "utf-8")
    also_to_table(told.append, table)(epoch("head", 2))
    assert len(table.read_text("utf-8").splitlines()) == 2
