"""The parts of training that need Keras, in one process."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.data.dataset import index_dataset  # noqa: E402
from core.errors import TrainingError  # noqa: E402
from core.films.preprocess import (  # noqa: E402
    PreprocessSpec,
    to_network_input,
)
from core.records import to_json  # noqa: E402
from core.runs.config import Augmentation, TrainingConfig  # noqa: E402
from core.runs.job_folder import Job, JobFolder, save_weights, without_folder  # noqa: E402
from core.training.pipeline import (  # noqa: E402
    Part,
    StoredBatches,
    TrainingBatches,
    TrainingFilms,
    draw,
    read_films,
    vary,
)
from tests.phantoms import draw_phantom, write_phantom_set  # noqa: E402

SIZE = 64
NO_VARIATION = Augmentation(
    **{name: type(value)() for name, value in to_json(Augmentation()).items()}
)


def films(count: int) -> np.ndarray:
    """(n, 64, 64, 1) float32 phantoms."""
    drawn = [draw_phantom("covid", seed=seed, size=SIZE) for seed in range(count)]
    return np.stack(drawn).astype(np.float32)[..., np.newaxis]


def test_varied_films_keep_size_and_range_and_follow_the_seed() -> None:
    film = draw_phantom("normal", seed=3, size=SIZE)
    for seed in range(30):
        varied = vary(film, Augmentation(), np.random.default_rng(seed))
        again = vary(film, Augmentation(), np.random.default_rng(seed))
        np.testing.assert_array_equal(varied, again)
        assert varied.shape == film.shape
        assert varied.dtype == np.float32
        assert 0 <= varied.min() <= varied.max() <= 255
        assert np.abs(varied - film).mean() > 0.5


def test_no_variation_leaves_the_film_alone() -> None:
    film = draw_phantom("normal", seed=3, size=SIZE)
    varied = vary(film, NO_VARIATION, np.random.default_rng(0))
    np.testing.assert_allclose(varied, film, atol=1e-3)


@pytest.mark.parametrize(
    "name", ["local_contrast", "uneven", "noise", "compression", "blur", "erase"]
)
def test_each_variation_changes_the_film(name: str) -> None:
    film = draw_phantom("normal", seed=3, size=SIZE)
    alone = msgspec.structs.replace(NO_VARIATION, **{name: 1.0})
    changes = []
    for seed in range(20):
        varied = vary(film, alone, np.random.default_rng(seed))
        assert 0 <= varied.min() <= varied.max() <= 255
        changes.append(np.abs(varied - film).mean())
    assert np.median(changes) > 0.3


def test_films_are_drawn_as_often_as_they_weigh() -> None:
    weights = np.array([0.25, 0.25, 1.5, 2.0], np.float32)
    counts = np.zeros(4)
    for seed in range(400):
        drawn = draw(weights, np.random.default_rng(seed))
        assert len(drawn) == 4
        assert np.count_nonzero(drawn == 3) == 2
        counts += np.bincount(drawn, minlength=4)
    np.testing.assert_allclose(counts / 400, weights, atol=0.1)


def test_an_epoch_is_the_same_after_a_resume_and_differs_from_the_next() -> None:
    pixels = films(6)[..., 0].astype(np.uint8)
    train = Part(np.arange(1, 6), np.array([0, 1, 0, 1, 1]), np.ones(5, np.float32))
    config = TrainingConfig(seed=5)
    stored = TrainingFilms(pixels, train, train, 2)
    first, second = (TrainingBatches(stored, config, 4) for _ in range(2))
    first.start_epoch(3)
    first[0]  # what was drawn before does not matter
    second.start_epoch(3)
    for number in range(len(first)):
        for a, b in zip(first[number], second[number], strict=True):
            np.testing.assert_array_equal(a, b)
    second.start_epoch(4)
    assert not np.array_equal(first[0][0], second[0][0])
    assert [len(first[n][0]) for n in range(len(first))] == [4, 1]
    np.testing.assert_array_equal(np.sort(first[0][1][0]), [0.0, 1.0])


def test_validation_films_are_given_as_they_are() -> None:
    pixels = films(5)[..., 0].astype(np.uint8)
    val = Part(np.array([4, 0, 2]), np.zeros(3, int), np.ones(3, np.float32))
    batches = StoredBatches(TrainingFilms(pixels, val, val, 2), 2)
    given = np.concatenate([batches[n][0] for n in range(len(batches))])
    np.testing.assert_array_equal(given[..., 0], pixels[[4, 0, 2]])


def test_films_are_read_once_and_bad_ones_are_counted(tmp_path: Path) -> None:
    manifest = write_phantom_set(tmp_path / "films", per_label=3, size=96)
    bad = tmp_path / "films" / "covid" / "broken.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    with open(manifest, "a", encoding="utf-8") as file:
        file.write("covid/broken.png,covid,,,train\n")
    samples = index_dataset(manifest).samples
    spec = PreprocessSpec(size=32)
    folder = tmp_path / "job"
    folder.mkdir()
    counted: list[int] = []

    read = read_films(samples, spec, folder, counted.append)

    assert counted == list(range(1, len(samples) + 1))
    assert list(read.unreadable) == ["covid/broken.png"]
    assert len(read.samples) == len(read.pixels) == len(samples) - 1
    from core.films.radiograph import read_radiograph

    row = len(read.samples) - 1
    film = read_radiograph(read.samples[row].path)
    expected = np.rint(to_network_input(film, spec)[0, :, :, 0])
    np.testing.assert_array_equal(read.pixels[row], expected)
    again = read_films(samples, spec, folder, counted.append)
    assert len(counted) == len(samples)
    np.testing.assert_array_equal(again.pixels, read.pixels)


def test_weights_on_a_full_disk_leave_the_former_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import OutputError

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    path = tmp_path / "best.weights.h5"
    path.write_bytes(b"former")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(network), "save_weights", full)
    with pytest.raises(OutputError, match="no space left"):
        save_weights(network, path)
    assert path.read_bytes() == b"former"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_job_record_survives_and_damage_is_told(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path / "model.work")
    config = TrainingConfig(name="Bärlauch", labels=("a", "b"), epochs=3)
    job = Job(config, tmp_path / "data", "python -m core train")
    folder.begin(job)
    assert folder.job() == job
    (folder.path / "job.json").write_text("{", encoding="utf-8")
    with pytest.raises(TrainingError, match="damaged"):
        folder.job()


def test_only_the_name_of_an_absolute_path_is_told() -> None:
    secret = Path.home() / "patients" / "films.csv"
    assert without_folder(str(secret)) == "films.csv"
    assert without_folder("imagenet") == "imagenet"
