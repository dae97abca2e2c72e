"""The parts of training that need Keras, in one process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.training

keras = pytest.importorskip("keras")

from core.dataset import index_dataset  # noqa: E402
from core.errors import TrainingError  # noqa: E402
from core.explain import heatmap_from_evidence  # noqa: E402
from core.job import Augmentation, TrainingConfig  # noqa: E402
from core.paths import default_bundle_dir  # noqa: E402
from core.preprocess import (  # noqa: E402
    DEVIATION_FLOOR,
    PreprocessSpec,
    to_network_input,
)
from core.training import network as networks  # noqa: E402
from core.training.export import (  # noqa: E402
    export_openvino,
    export_other,
    keras_logits,
)
from core.training.pipeline import (  # noqa: E402
    StoredBatches,
    TrainingBatches,
    draw,
    read_films,
    vary,
)
from core.training.state import JobFolder, save_weights, without_folder  # noqa: E402
from tests.phantoms import draw_phantom, write_phantom_set  # noqa: E402

SIZE = 64
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A DenseNet121 whose normalisation has seen films, so that they matter."""
    keras.utils.set_random_seed(7)
    model = networks.build_network(SIZE, 3, 0.0)
    backbone = model.get_layer(networks.BACKBONE)
    standard = model.get_layer("standardise")(films(8))
    for _ in range(30):
        backbone(standard, training=True)
    return model


def films(count: int) -> np.ndarray:
    """(n, 64, 64, 1) float32 phantoms."""
    drawn = [draw_phantom("covid", seed=seed, size=SIZE) for seed in range(count)]
    return np.stack(drawn).astype(np.float32)[..., np.newaxis]


def test_standardise_gives_mean_0_and_three_equal_channels() -> None:
    film = films(1)
    out = np.asarray(networks.Standardise()(film))
    scaled = film / 255.0
    expected = (scaled - scaled.mean()) / (scaled.std() + DEVIATION_FLOOR)
    np.testing.assert_allclose(out[..., 0:1], expected, atol=1e-5)
    np.testing.assert_array_equal(out[..., 0], out[..., 2])


def test_heat_map_equals_gradient_tape_grad_cam(
    network: keras.Model, tmp_path: Path
) -> None:
    import tensorflow as tf

    film = films(3)[2:]
    features = network.get_layer(networks.BACKBONE)(
        network.get_layer("standardise")(film), training=False
    )
    graph = export_openvino(network, tmp_path / "model.xml", half=False)
    evidence = graph.run(film)[1][0]
    peaks = []
    for label in range(3):
        with tf.GradientTape() as tape:
            tape.watch(features)
            pooled = network.get_layer("embedding")(features)
            logit = network.get_layer(networks.HEAD)(pooled)[:, label]
        weights = tf.reduce_mean(tape.gradient(logit, features), axis=(1, 2))
        cam = np.maximum(np.einsum("hwk,k->hw", features[0], weights[0]), 0.0)
        peaks.append(cam.max())
        ours = heatmap_from_evidence(evidence[:, :, label], cam.shape)
        np.testing.assert_allclose(ours, cam / (cam.max() or 1.0), atol=1e-4)
    assert max(peaks) > 0, "no label has a heat map to compare"


def test_exported_graph_agrees_with_keras(network: keras.Model, tmp_path: Path) -> None:
    batch = films(4)
    for half, tolerance in ((False, 1e-4), (True, 2e-2)):
        graph = export_openvino(network, tmp_path / "model.xml", half=half)
        gap = np.abs(graph.run(batch)[0] - keras_logits(network, batch)).max()
        assert gap < tolerance


def test_float16_halves_the_file(network: keras.Model, tmp_path: Path) -> None:
    export_openvino(network, tmp_path / "whole.xml", half=False)
    export_openvino(network, tmp_path / "half.xml", half=True)
    whole = (tmp_path / "whole.bin").stat().st_size
    assert (tmp_path / "half.bin").stat().st_size < 0.55 * whole
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"whole.xml", "whole.bin", "half.xml", "half.bin"}


def test_exporting_makes_no_network_call() -> None:
    # OpenVINO's converter reports its use, but for a stub where this is missing.
    code = (
        "import sys, core.training.train, openvino.tools.ovc.telemetry_utils as utils;"
        "print(sys.modules['openvino_telemetry'], utils.tm.__name__)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT
    )
    assert result.stdout.split() == ["None", "openvino.tools.ovc.telemetry_stub"], (
        result.stderr
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["onnx", "litert", "savedmodel"])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
def test_exports_to_other_programs(
    kind: str, network: keras.Model, tmp_path: Path
) -> None:
    target = tmp_path / f"model.{kind}"
    export_other(network, kind, target)  # compares it with Keras itself
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert target.is_dir() == (kind == "savedmodel")


def test_unfreezing_starts_at_the_layer_and_spares_normalisation(
    network: keras.Model,
) -> None:
    networks.unfreeze(network, 100)
    layers = network.get_layer(networks.BACKBONE).layers
    assert not any(layer.trainable for layer in layers[:100])
    norms = [x for x in layers if isinstance(x, keras.layers.BatchNormalization)]
    assert not any(norm.trainable for norm in norms)
    others = [x for x in layers[100:] if x not in norms]
    assert all(layer.trainable for layer in others)


def test_unfreezing_from_a_layer_that_is_not_there_is_refused(
    network: keras.Model,
) -> None:
    with pytest.raises(TrainingError, match="427 layers"):
        networks.unfreeze(network, 427)


def test_starts_from_a_weights_file_and_from_a_bundle(
    network: keras.Model, tmp_path: Path
) -> None:
    backbone = network.get_layer(networks.BACKBONE)
    backbone.save_weights(tmp_path / "backbone.weights.h5")
    network.save_weights(tmp_path / "model.weights.h5")
    for start in (tmp_path / "backbone.weights.h5", tmp_path):
        # Two labels: the head of the bundle does not fit, its backbone does.
        fresh = networks.build_network(SIZE, 2, 0.0)
        networks.load_start(fresh, str(start))
        for ours, theirs in zip(
            fresh.get_layer(networks.BACKBONE).get_weights(),
            backbone.get_weights(),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, theirs)


def test_starts_from_the_model_that_comes_with_the_program() -> None:
    first, second = (networks.build_network(SIZE, 2, 0.0) for _ in range(2))
    networks.load_start(first, TrainingConfig().weights)
    networks.load_start(second, str(default_bundle_dir()))
    kernels = [
        net.get_layer(networks.BACKBONE).get_layer("conv1_conv").get_weights()[0]
        for net in (first, second, networks.build_network(SIZE, 2, 0.0))
    ]
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])


@pytest.mark.parametrize("content", [b"", b"not a weights file", None])
def test_foreign_weights_are_refused_in_a_sentence(
    content: bytes | None, tmp_path: Path
) -> None:
    path = tmp_path / "foreign.weights.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TrainingError) as caught:
        networks.load_start(networks.build_network(32, 2, 0.0), str(path))
    assert caught.value.hint


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
    none = Augmentation(0.0, 0.0, 0.0, flip=False, gamma=0.0, blur=0.0, erase=0.0)
    varied = vary(film, none, np.random.default_rng(0))
    np.testing.assert_allclose(varied, film, atol=1e-3)


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
    options = {
        "classes": 2,
        "smoothing": 0.1,
        "batch": 4,
        "augmentation": Augmentation(),
        "seed": 5,
    }
    parts = (np.arange(1, 6), np.array([0, 1, 0, 1, 1]), np.ones(5, np.float32))
    first, second = (TrainingBatches(pixels, *parts, **options) for _ in range(2))
    first.start_epoch(3)
    first[0]  # what was drawn before does not matter
    second.start_epoch(3)
    for number in range(len(first)):
        for a, b in zip(first[number], second[number], strict=True):
            np.testing.assert_array_equal(a, b)
    second.start_epoch(4)
    assert not np.array_equal(first[0][0], second[0][0])
    assert [len(first[n][0]) for n in range(len(first))] == [4, 1]
    np.testing.assert_allclose(np.sort(first[0][1][0]), [0.05, 0.95])


def test_validation_films_are_given_as_they_are() -> None:
    pixels = films(5)[..., 0].astype(np.uint8)
    batches = StoredBatches(pixels, np.array([4, 0, 2]), 2)
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
    from core.images import read_radiograph

    row = read.rows(read.samples[-1:])[0]
    film = read_radiograph(read.samples[-1].path)
    expected = np.rint(to_network_input(film, spec)[0, :, :, 0])
    np.testing.assert_array_equal(read.pixels[row], expected)
    again = read_films(samples, spec, folder, counted.append)
    assert len(counted) == len(samples)
    np.testing.assert_array_equal(again.pixels, read.pixels)


def test_weights_on_a_full_disk_leave_the_former_ones(
    network: keras.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from core.errors import OutputError

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
    folder.begin(config, tmp_path / "data", "python -m core train")
    assert folder.job() == (config, tmp_path / "data", "python -m core train")
    (folder.path / "job.json").write_text("{", encoding="utf-8")
    with pytest.raises(TrainingError, match="damaged"):
        folder.job()


def test_only_the_name_of_an_absolute_path_is_told() -> None:
    secret = Path.home() / "patients" / "films.csv"
    assert without_folder(str(secret)) == "films.csv"
    assert without_folder("imagenet") == "imagenet"
