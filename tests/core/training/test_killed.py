"""Jobs that are killed and resumed: what comes out is what would have come anyway."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from core.jobs.events import (
    FINISH,
    DeviceFound,
    EpochEnded,
    JobSucceeded,
    Progressed,
    StageStarted,
    parse_event,
)
from core.model.bundle import read_bundle
from tests.training_child import Child, work_of, write_job

pytestmark = [pytest.mark.training, pytest.mark.slow]

Start = Callable[..., Child]

#: All that is random and all that a checkpoint must hold: dropout, varied films,
#: batch normalisation that learns, averaged weights, and a rate that falls.
JOB = {
    "size": 64,
    "head": "16-8",
    "head_norm": True,
    "head_rate": 0.01,
    "feature_copies": 1,
    "batch": 2,
    "rate": 1e-3,
    "schedule": "plateau",
    "plateau_patience": 1,
}
EPOCHS = 4
#: What is told right before each kill: at least one in every phase, and one in
#: the middle of an epoch besides those right after its checkpoint.
KILLS: list[tuple[type, dict[str, object]]] = [
    (Progressed, {"stage": "reading"}),
    (StageStarted, {"stage": "features"}),
    (EpochEnded, {"phase": "head", "epoch": 1}),
    (StageStarted, {"stage": "fine-tuning"}),
    (EpochEnded, {"phase": "fine-tuning"}),
    (Progressed, {"stage": "fine-tuning"}),
    (EpochEnded, {"phase": "fine-tuning", "epoch": EPOCHS}),
    (StageStarted, {"stage": "export"}),
    (Progressed, {"stage": "evaluation"}),
]
#: On JAX those that its own way to draw, to shuffle and to average could spoil.
KILLS_ON_JAX = [KILLS[place] for place in (2, 3, 5, 6)]
LAST = f"epoch-{EPOCHS:04d}.weights.h5"
#: Of a bundle; its card and report tell how long each epoch took.
SAME_FILES = [
    *("model.xml", "model.bin", "model.weights.h5"),
    *("evaluation.csv", "films.csv"),
]


@pytest.fixture(scope="module", params=["tensorflow", "jax"])
def backend(request: pytest.FixtureRequest) -> str:
    """What the jobs of a test compute with."""
    if request.param == "jax":
        pytest.importorskip("jax", reason="JAX is not installed")
    return str(request.param)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the job that the tests of this file run."""
    path = tmp_path_factory.mktemp("job") / "job.json"
    return write_job(path, **JOB, epochs=EPOCHS)


@pytest.fixture(scope="module")
def undisturbed(
    backend: str,
    phantoms: Path,
    settings: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder with a model, and with what its job kept after the last epoch."""
    folder = tmp_path_factory.mktemp("undisturbed")
    out = folder / "model"
    child = begin(Child, backend, *first(phantoms, out, settings))
    try:
        child.until(EpochEnded, phase="fine-tuning", epoch=EPOCHS)
        for name in ("head.npz", LAST):
            shutil.copyfile(work_of(out).path / name, folder / name)
        status, errors = child.finish()
    finally:
        child.close()
    assert status == 0, errors
    device = next(e for e in child.events if isinstance(e, DeviceFound))
    assert device.backend == backend
    training = read_bundle(out).card.training
    assert training["versions"][backend]
    assert training["parity"]["largest_probability_difference"] < 1e-3
    return folder


def test_killed_in_every_phase_it_comes_to_the_same_model_bit_for_bit(
    backend: str,
    undisturbed: Path,
    phantoms: Path,
    settings: Path,
    tmp_path: Path,
    start: Start,
) -> None:
    out = tmp_path / "model"
    arguments = first(phantoms, out, settings)
    for kind, fields in KILLS if backend == "tensorflow" else KILLS_ON_JAX:
        kill(begin(start, backend, *arguments), kind, **fields)
        assert not out.exists()
        assert not work_of(out).is_running()
        if fields.get("epoch") == EPOCHS:
            kept = work_of(out).path
            assert_same(arrays_of(kept / LAST), arrays_of(undisturbed / LAST))
            assert_same(head_of(kept), head_of(undisturbed))
        arguments = again(out)

    status, errors = begin(start, backend, *arguments).finish()

    assert status == 0, errors
    assert not work_of(out).path.exists()
    expected = undisturbed / "model"
    assert read_bundle(out).sha256 == read_bundle(expected).sha256
    for name in SAME_FILES:
        assert (out / name).read_bytes() == (expected / name).read_bytes(), name
    for name in ("card.json", "report.json"):
        assert untimed(out / name) == untimed(expected / name)


def test_killed_after_an_epoch_it_repeats_none(
    phantoms: Path, job: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    diary = ("--events-file", tmp_path / "events.jsonl")
    child = start(*first(phantoms, out, job), *diary)
    kill(child, EpochEnded, phase="fine-tuning")

    status, errors = start(*again(out), *diary).finish()

    assert status == 0, errors
    lines = (tmp_path / "events.jsonl").read_text("utf-8").splitlines()
    told = [parse_event(line) for line in lines]
    tuned = [e for e in told if isinstance(e, EpochEnded) and e.phase == "fine-tuning"]
    assert [e.epoch for e in tuned] == [1, 2]
    assert told[-1] == JobSucceeded(str(out))
    assert tuned_epochs(out) == [1, 2]


def test_killed_and_then_finished_by_hand_it_makes_a_model_of_the_best_weights(
    phantoms: Path, tmp_path: Path, start: Start
) -> None:
    out = tmp_path / "model"
    long = write_job(tmp_path / "job.json", epochs=500, patience=0, rate=1e-3)
    child = start(*first(phantoms, out, long))
    child.until(EpochEnded, phase="fine-tuning", best=True)
    child.process.send_signal(signal.SIGKILL)
    child.finish()
    best = arrays_of(work_of(out).path / "best.weights.h5")
    done = len(json.loads((work_of(out).path / "progress.json").read_text())["history"])

    child = start(*again(out))
    child.say(FINISH)  # while Keras is still being loaded
    status, errors = child.finish()

    assert status == 0, errors
    assert tuned_epochs(out) == list(range(1, done + 1))
    learned = {  # as a bundle keeps them
        name: array.astype(np.float16) if array.ndim > 1 else array
        for name, array in best.items()
        if not name.startswith("optimizer")
    }
    assert_same(arrays_of(out / "model.weights.h5"), learned)


def begin(start: Start, backend: str, *arguments: str | Path) -> Child:
    """Start a job; on JAX, which spreads batches over all devices, on two of them."""
    environment = dict(os.environ)
    if backend == "jax":
        environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    return start(*arguments, "--backend", backend, environment=environment)


def first(data: Path, out: Path, settings: Path) -> tuple[str | Path, ...]:
    return ("--data", data, "--out", out, "--config", settings, "--events")


def again(out: Path) -> tuple[str | Path, ...]:
    return ("--out", out, "--resume", "--events")


def kill(child: Child, kind: type, **fields: object) -> None:
    """Kill a job as soon as it has told something."""
    child.until(kind, **fields)
    child.process.send_signal(signal.SIGKILL)
    child.finish()
    assert child.process.returncode == -signal.SIGKILL


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    """Every array of a weights file, the optimiser's included."""
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
    return found


def head_of(folder: Path) -> dict[str, np.ndarray]:
    with np.load(folder / "head.npz") as stored:
        return {name: stored[name] for name in stored.files if name != "epochs"}


def assert_same(actual: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert list(actual) == list(expected)
    assert actual
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array, err_msg=name)


def untimed(path: Path) -> dict[str, Any]:
    """A card or report without the epochs' seconds, and the hashes of those."""
    record: dict[str, Any] = json.loads(path.read_text("utf-8"))
    for name in ("report.json", "epochs.csv"):
        record.get("files", {}).pop(name, None)
    for epoch in record.get("training", record)["history"]:
        assert epoch.pop("seconds") > 0
    return record


def tuned_epochs(out: Path) -> list[int]:
    history = read_bundle(out).card.training["history"]
    return [e["epoch"] for e in history if e["phase"] == "fine-tuning"]
