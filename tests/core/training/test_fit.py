"""How a job learns: rates, patience, memory, features, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("small_backbone")]

keras = pytest.importorskip("keras")

from core.data.dataset import index_dataset  # noqa: E402
from core.errors import DatasetError, TrainingError  # noqa: E402
from core.evaluation.findings import cautions_about, notes_about  # noqa: E402
from core.films.preprocess import PreprocessSpec  # noqa: E402
from core.jobs.control import Control  # noqa: E402
from core.jobs.events import (  # noqa: E402
    FINISH,
    EpochEnded,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
)
from core.jobs.reporters import StageProgress  # noqa: E402
from core.json_file import read_json  # noqa: E402
from core.model.bundle import ModelBundle, read_bundle  # noqa: E402
from core.reports.html import write_report_html  # noqa: E402
from core.reports.model_card import card_text  # noqa: E402
from core.reports.report_json import read_report_json  # noqa: E402
from core.reports.sentences import cautions  # noqa: E402
from core.runs.config import TrainingConfig, config_from_json  # noqa: E402
from core.runs.estimate import Speeds, minutes_of  # noqa: E402
from core.runs.job_folder import Job, JobFolder  # noqa: E402
from core.training import device, preflight  # noqa: E402
from core.training.check import FINDINGS  # noqa: E402
from core.training.checks import check_job  # noqa: E402
from core.training.compiling import compile_network, tuning_optimiser  # noqa: E402
from core.training.epochs import Phase, rate_of  # noqa: E402
from core.training.features import compute_features  # noqa: E402
from core.training.head_fit import Features, fit_head  # noqa: E402
from core.training.network import build_network, unfreeze  # noqa: E402
from core.training.pipeline import (  # noqa: E402
    Part,
    TrainingBatches,
    TrainingFilms,
    read_films,
)
from core.training.train import TrainingJob, run_job  # noqa: E402
from tests.phantoms import write_phantom_set  # noqa: E402
from tests.small_network import small_vgg16  # noqa: E402
from tests.training_child import SMALL  # noqa: E402


def epoch(number: int, *, best: bool) -> EpochEnded:
    return EpochEnded("fine-tuning", number, 9, 1.0, 1.0, 0.5, 0.5, best)


def small(**settings: object) -> TrainingConfig:
    return config_from_json({**SMALL, **settings})


def run(
    config: TrainingConfig,
    data: Path,
    out: Path,
    report: Callable[[TrainingEvent], None] = lambda event: None,
    control: Control | None = None,
) -> None:
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


def test_rate_falls_each_time_the_validation_loss_stands_still() -> None:
    config = TrainingConfig(schedule="plateau", plateau_patience=2, plateau_factor=0.5)
    best = [True, False, False, False, True, False, False]
    history = [epoch(n, best=b) for n, b in enumerate(best, start=1)]
    rates = [rate_of(config, 0.1, history[:n]) for n in range(len(best) + 1)]
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.025])


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_other_schedules_need_no_history(schedule: str) -> None:
    assert rate_of(TrainingConfig(schedule=schedule), 0.1, []) is None


def test_patience_ends_a_phase_and_none_never_does() -> None:
    val = Part(np.array([0]), np.array([0]), np.ones(1, np.float32))
    logs = {"loss": 1.0, "accuracy": 1.0, "macro_f1": 1.0}
    for patience, epochs in ((2, 4), (0, 9)):
        phase = Phase("head", 9, patience, val)
        for epoch in phase.epochs():
            # The second epoch is the best.
            logits = np.array([[2.0 if epoch == 1 else 1.0, 0.0]], np.float32)
            ended = phase.end(logs, logits, 0.1)
            assert ended.best == (epoch in (0, 1))
        assert [each.epoch for each in phase.history] == list(range(1, epochs + 1))
        assert phase.best_epoch == 2


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd", "rmsprop"])
@pytest.mark.parametrize("loss", ["cross-entropy", "focal"])
def test_every_optimiser_and_loss_learns(optimiser: str, loss: str) -> None:
    keras.utils.set_random_seed(3)
    config = TrainingConfig(
        optimiser=optimiser, loss=loss, rate=0.01, schedule="constant", average=0
    )
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    compile_network(model, tuning_optimiser(config, 10), config)
    rng = np.random.default_rng(0)
    truth = np.arange(64) % 2
    x = (rng.normal(size=(64, 4)) + 2 * truth[:, np.newaxis]).astype(np.float32)
    logs = [
        model.train_on_batch(x, np.eye(2, dtype="f4")[truth], return_dict=True)
        for _ in range(60)
    ]
    assert logs[-1]["loss"] < logs[0]["loss"]
    assert 0 <= logs[-1]["macro_f1"] <= 1


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (MemoryError(), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 12 bytes."), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (type("ResourceExhaustedError", (Exception,), {})("OOM when"), True),
        (RuntimeError("The graph is broken."), False),
        (ValueError("out of memory"), False),
    ],
)
def test_memory_that_ran_out_is_told_from_other_faults(
    error: Exception, answer: bool
) -> None:
    assert device.is_out_of_memory(error) is answer


def test_films_are_balanced_in_the_loss_or_by_drawing() -> None:
    part = Part(np.arange(4), np.array([0, 0, 0, 1]), np.float32([0, 1, 1, 2]))
    pixels = np.arange(4 * 32 * 32, dtype=np.uint8).reshape(4, 32, 32)
    films = TrainingFilms(pixels, part, part, 2)
    drawn = TrainingBatches(films, small(balance_by="sampling"), 4)[0]
    weighed = TrainingBatches(films, small(balance_by="weights"), 4)[0]
    assert len(drawn) == 2
    assert drawn[1].sum(axis=0).tolist() == [2, 2]
    assert weighed[1].sum(axis=0).tolist() == [3, 1]
    for target, weight in zip(*weighed[1:], strict=True):
        assert weight == 2 or target[1] == 0
    # A film of no weight is not drawn, so what it holds cannot spoil the head.
    features = np.random.default_rng(0).random((4, 8), np.float32)
    features[0] = np.nan
    given = Features(features, np.zeros((0, 4, 8), np.float32))
    progress = StageProgress(lambda event: None, Control())
    val = Part(np.array([1, 3]), np.array([0, 1]), np.ones(2, np.float32))
    films = TrainingFilms(pixels, part, val, 2)
    head = fit_head(given, films, small(balance_by="sampling"), progress)
    assert all(np.isfinite(array).all() for array in head.weights)
    with pytest.raises(TrainingError, match="diverged"):
        fit_head(given, films, small(balance_by="weights"), progress)


def test_batch_is_halved_until_a_step_should_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = small(size=64)
    network = build_network(config, 3)
    unfreeze(network, config)
    need = device.bytes_of_step(network, 16)
    monkeypatch.setattr(device, "available_memory", lambda: need + 1)
    assert device.fitting_batch(network, 16) == 16
    assert device.fitting_batch(network, 64) == 16
    monkeypatch.setattr(device, "available_memory", lambda: 0)
    assert device.fitting_batch(network, 64) == 1


def test_memory_that_runs_out_halves_the_batch_and_starts_the_epoch_again(
    phantoms: Path, tmp_path: Path
) -> None:
    told: list[TrainingEvent] = []

    def report(event: TrainingEvent) -> None:
        told.append(event)
        is_step = isinstance(event, Progressed) and event.stage == "fine-tuning"
        if is_step and not any(isinstance(e, Noted) for e in told):
            raise MemoryError

    out = tmp_path / "model"
    run(small(epochs=1, batch=6), phantoms, out, report)
    assert told[-1] == JobSucceeded(str(out))
    training = read_bundle(out).card.training
    assert training["batch"] == 3
    assert any("started again with 3" in note for note in training["notes"])
    tuned = [e for e in training["history"] if e["phase"] == "fine-tuning"]
    assert [e["epoch"] for e in tuned] == [1]


def test_features_are_of_films_and_of_varied_copies(
    phantoms: Path, tmp_path: Path
) -> None:
    config = small(feature_copies=2)
    samples = index_dataset(phantoms).samples[:6]
    folder = JobFolder(tmp_path / "work")
    folder.path.mkdir()
    films = read_films(samples, PreprocessSpec(size=32), folder.path, lambda n: None)
    rows, truth = np.arange(4), np.zeros(4, np.intp)
    train = Part(rows, truth, np.ones(4, np.float32))
    val = Part(np.array([4]), truth[:1], np.ones(1, np.float32))
    told: list[TrainingEvent] = []

    features = compute_features(
        build_network(config, 3),
        TrainingFilms(films.pixels, train, val, 3),
        config,
        folder=folder,
        progress=StageProgress(told.append, Control()),
    )

    assert features.films.shape == (6, 256)
    assert features.copies.shape == (2, 4, 256)
    assert features.films[:5].any(axis=1).all()
    assert not features.films[5].any(), "in neither split"
    assert not np.allclose(features.copies[0], features.films[:4], atol=1e-3)
    assert not np.allclose(features.copies[0], features.copies[1], atol=1e-3)
    assert isinstance(told[-1], Progressed)
    assert (told[-1].done, told[-1].total) == (13, 13)


def split_of(
    config: TrainingConfig, data: Path, folder: Path
) -> tuple[dict[str, Any], list[str]]:
    """What a job finds out about its films before it trains, and its notes."""
    told: list[TrainingEvent] = []
    job = TrainingJob(config, JobFolder(folder), StageProgress(told.append, Control()))
    folder.mkdir()
    films, dataset = job.read(check_job(config, data))
    job.split(dataset, films)
    found = {"findings": read_json(folder / FINDINGS)}
    return found, [e.message for e in told if isinstance(e, Noted)]


def manifest_of(phantoms: Path, target: Path, **changes: dict[int, str]) -> Path:
    """The phantoms' manifest with columns changed in some rows."""
    with open(phantoms, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["file"] = str(phantoms.parent / row["file"])
    for column, values in changes.items():
        for number, value in values.items():
            rows[number][column] = value
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return target


def leaking(phantoms: Path, tmp_path: Path) -> Path:
    """A manifest with one film in two splits, under two names."""
    with open(phantoms, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    one = next(n for n, row in enumerate(rows) if row["split"] == "train")
    other = next(
        n
        for n, row in enumerate(rows)
        if row["split"] == "test" and row["label"] == rows[one]["label"]
    )
    copy = tmp_path / "copy.png"
    copy.write_bytes((phantoms.parent / rows[one]["file"]).read_bytes())
    return manifest_of(phantoms, tmp_path / "leaking.csv", file={other: str(copy)})


def test_copies_in_two_given_splits_are_refused(phantoms: Path, tmp_path: Path) -> None:
    data = leaking(phantoms, tmp_path)
    with pytest.raises(DatasetError, match="more than one split") as caught:
        run(small(epochs=0), data, tmp_path / "model")
    assert "--group" in caught.value.hint
    assert "accept_leaks" in caught.value.hint


@pytest.mark.parametrize(
    ("asked_at", "where"),
    [
        (StageStarted, "the phase fine-tuning before the end of epoch 1 of at most 2"),
        (EpochEnded, "the phase head after epoch 1 of at most 3"),
    ],
)
def test_record_names_the_phase_in_which_training_was_ended_by_hand(
    asked_at: type, where: str, phantoms: Path, tmp_path: Path
) -> None:
    control = Control()

    def finish(event: TrainingEvent) -> None:
        late = isinstance(event, StageStarted) and event.stage != "fine-tuning"
        if isinstance(event, asked_at) and not late:
            control._obey(FINISH)

    out = tmp_path / "model"
    run(small(head_epochs=3), phantoms, out, finish, control)
    training = read_bundle(out).card.training
    phases = [epoch["phase"] for epoch in training["history"]]
    assert phases == ["head"] * len(phases)
    assert len(phases) == (1 if asked_at is EpochEnded else 3)
    (note,) = training["notes"]
    assert f"ended by hand in {where};" in note
    assert read_report_json(read_bundle(out))["notes"] == [note]


class Flattered(NamedTuple):
    """A model and what its training told."""

    bundle: ModelBundle
    told: list[TrainingEvent]


@pytest.fixture(scope="module")
def flattered(tmp_path_factory: pytest.TempPathFactory) -> Flattered:
    """A model whose test films are in part known to it, and told by their files."""
    folder = tmp_path_factory.mktemp("flattered")
    manifest = write_phantom_set(folder / "films", per_label=12, size=64)
    for path in (folder / "films" / "normal").iterdir():
        film = Image.open(path).convert("L")
        film.save(path, "JPEG", quality=60)  # whatever its suffix says
    told: list[TrainingEvent] = []
    config = small(epochs=0, accept_leaks="Only to see how much it flatters.")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.applications, "VGG16", small_vgg16)
        patch.setenv("HILUM_HOME", str(folder / "home"))
        run(config, leaking(manifest, folder), folder / "model", told.append)
    return Flattered(read_bundle(folder / "model"), told)


def test_copies_are_accepted_for_a_reason_that_the_record_tells(
    flattered: Flattered,
) -> None:
    reason = "Only to see how much it flatters."
    training = flattered.bundle.card.training
    assert training["config"]["accept_leaks"] == reason
    assert reason in cautions(read_report_json(flattered.bundle))[0]


def test_what_the_files_give_away_is_kept_with_the_model(
    flattered: Flattered, tmp_path: Path
) -> None:
    bundle, told = flattered.bundle, flattered.told
    names = {label.name: label.display_name for label in bundle.card.labels}
    (caution,) = cautions_about(bundle.card.data, names)
    assert "the size and kind of the file alone tells" in caution
    assert "Normal" in caution
    assert "with an AUC of 1.00" in caution
    assert caution in [e.message for e in told if isinstance(e, Noted)]
    report = read_report_json(bundle)
    assert caution in cautions(report)
    write_report_html(tmp_path / "report.html", report)
    page = (tmp_path / "report.html").read_text("utf-8")
    split = notes_about(bundle.card.data, names)[-1]
    for text in (page, card_text(bundle)):
        assert caution in text
        assert split in text


def test_films_without_patients_are_said_to_be_split_by_likeness(
    tmp_path: Path,
) -> None:
    write_phantom_set(tmp_path / "films", per_label=10, size=64)
    (tmp_path / "films" / "manifest.csv").unlink()
    found, _ = split_of(small(), tmp_path / "films", tmp_path / "work")
    assert notes_about(found, {})[-1] == (
        "The films were split by likeness alone, since no patient is known."
    )


def test_film_that_changed_since_the_split_was_written_is_left_out(
    phantoms: Path, tmp_path: Path
) -> None:
    import hashlib

    with open(phantoms, encoding="utf-8", newline="") as file:
        files = [phantoms.parent / row["file"] for row in csv.DictReader(file)]
    sums = dict(
        enumerate(hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    )
    sums[0] = "0" * 64
    data = tmp_path / "split.csv"
    with open(phantoms, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with open(data, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "sha256"])
        writer.writeheader()
        for number, row in enumerate(rows):
            path = str(phantoms.parent / row["file"])
            writer.writerow({**row, "file": path, "sha256": sums[number]})
    found, notes = split_of(small(), data, tmp_path / "work")
    assert found["findings"]["films"] == len(rows) - 1
    assert ["has changed" in note for note in notes].count(True) == 1
    assert "by patient and likeness" in notes_about(found, {})[-1]


def test_dry_run_tells_device_memory_batch_and_minutes(phantoms: Path) -> None:
    told: list[TrainingEvent] = []
    found = preflight.preflight(
        small(), check_job(small(), phantoms), report=told.append, control=Control()
    )
    assert json.loads(json.dumps(found)) == found
    assert found["device"]
    assert found["backend"] == keras.backend.backend()
    assert found["batch"] == found["batch_asked"] == 8
    assert 0 < found["memory_free_bytes"] <= found["memory_total_bytes"]
    assert sum(found["films"].values()) == 30
    assert found["seconds_per_step"] > 0
    assert found["minutes"] == pytest.approx(sum(found["parts"].values()), abs=0.06)
    speeds = msgspec.convert(found["speeds"], Speeds)
    assert speeds.step_s == pytest.approx(found["seconds_per_step"] / 8, abs=1e-3)
    parts = minutes_of(small(), found["films"], speeds)
    assert sum(parts.values()) == pytest.approx(found["minutes"], abs=0.06)


def test_dry_run_halves_the_batch_where_memory_is_short(
    phantoms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "available_memory", lambda: 0)
    found = preflight.preflight(
        small(),
        check_job(small(), phantoms),
        report=lambda event: None,
        control=Control(),
    )
    assert (found["batch_asked"], found["batch"]) == (8, 1)
    assert any("will use 1." in note for note in found["notes"])


def test_dry_run_of_a_layer_that_the_backbone_lacks_is_refused(phantoms: Path) -> None:
    with pytest.raises(TrainingError, match="none can be unfrozen"):
        preflight.preflight(
            small(unfreeze_from=100),
            check_job(small(), phantoms),
            report=lambda event: None,
            control=Control(),
        )
