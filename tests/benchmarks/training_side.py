"""One training to be measured, in a process of its own.

`python -m tests.benchmarks.training_side hilum FILMS.npz WEIGHTS SEED` trains a head as
a job of this program does, `keras FILMS.npz JIT SEED` as a Keras program does, and
`grid FILMS.npz BATCH` two epochs of a head of 64 units on the frozen base, and
`flow FILMS.npz EPOCHS` fine-tunes on batches that are made ahead of the step and on the
same in memory. Each prints one line of JSON. Keras is loaded, and the network built and
given its weights, before a clock starts.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core.runs.config import TrainingConfig
from tests.benchmarks.training_films import LABELS, StoredFilms, load_films

#: Of the head, on both sides.
EPOCHS = 4


class Clock:
    """Time since it was made, and the processor time of all threads of this process."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._began_cpu = time.process_time()

    def read(self) -> dict[str, float]:
        """Both, in seconds."""
        return {
            "wall_s": time.perf_counter() - self._began,
            "cpu_s": time.process_time() - self._began_cpu,
        }


def hilum(path: Path, weights: str, seed: int) -> dict[str, Any]:
    """From decoded films to a trained head: features once, then the head alone."""
    import keras

    from core.jobs.control import Control
    from core.jobs.reporters import StageProgress
    from core.runs.job_folder import JobFolder
    from core.training.features import compute_features
    from core.training.head_fit import fit_head, put_head

    stored = load_films(path)
    config = msgspec.structs.replace(_config(), weights=weights)
    network = _network(config)
    films = _films(stored)
    with tempfile.TemporaryDirectory() as folder:
        keras.utils.set_random_seed(seed)
        clock = Clock()
        first: list[dict[str, float]] = []

        class Progress(StageProgress):
            def done(self, done: int, total: int) -> None:
                _ = first or first.append(clock.read())

        progress = Progress(lambda event: None, Control())
        features = compute_features(
            network, films, config, folder=JobFolder(Path(folder)), progress=progress
        )
        computed = clock.read()
        head = fit_head(features, films, config, progress)
        put_head(network, head, config)
        whole = clock.read()
    return {
        **whole,
        "until_first_film_s": first[0]["wall_s"],
        "until_features_s": computed["wall_s"],
        "val_accuracy": head.history[-1].val_accuracy,
        "epochs": len(head.history),
    }


def keras_fit(path: Path, jit: str, seed: int) -> dict[str, Any]:
    """The same network with its backbone frozen through Keras's `fit`."""
    import keras

    from core.training.backbones import BACKBONE
    from core.training.compiling import compile_network, head_optimiser
    from core.training.heads import head_model, set_head

    stored = load_films(path)
    config = _config()
    network = _network(config)
    network.get_layer(BACKBONE).trainable = False
    n = stored.train
    films = stored.pixels.astype(np.float32)[..., np.newaxis]
    targets = np.eye(len(LABELS), dtype=np.float32)[stored.truth]
    keras.utils.set_random_seed(seed)
    k = network.get_layer("embedding").output.shape[-1]
    set_head(network, head_model(config, k, len(LABELS)))
    steps = -(-n // config.batch)
    compile_network(network, head_optimiser(config, steps), config)
    network.jit_compile = jit == "on"
    clock = Clock()
    fitted = network.fit(
        films[:n],
        targets[:n],
        sample_weight=stored.weights[:n],
        batch_size=config.batch,
        epochs=EPOCHS,
        validation_data=(films[n:], targets[n:]),
        verbose=0,
    )
    return {**clock.read(), "val_accuracy": fitted.history["val_accuracy"][-1]}


def grid(path: Path, batch: int) -> dict[str, Any]:
    """The first epoch of `fit` with the frozen base in the model, and the next."""
    import keras

    from core.training.backbones import BACKBONE
    from core.training.compiling import compile_network, head_optimiser

    stored, n = load_films(path), load_films(path).train
    config = TrainingConfig(head="64", dropout=0.5, batch=batch)
    network = _network(config)
    network.get_layer(BACKBONE).trainable = False
    films = stored.pixels.astype(np.float32)[..., np.newaxis]
    targets = np.eye(len(LABELS), dtype=np.float32)[stored.truth]
    compile_network(network, head_optimiser(config, -(-n // batch)), config)
    taken: list[float] = []

    class Times(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            taken.append(time.perf_counter())

    began = time.perf_counter()
    network.fit(
        films[:n],
        targets[:n],
        sample_weight=stored.weights[:n],
        batch_size=batch,
        epochs=2,
        validation_data=(films[n:], targets[n:]),
        verbose=0,
        callbacks=[Times()],
    )
    return {"first_s": taken[0] - began, "next_s": taken[1] - taken[0]}


def flow(path: Path, epochs: int) -> dict[str, Any]:
    """Epochs of the fine-tuning on flowing and on stored batches."""
    from core.training.compiling import compile_network, tuning_optimiser
    from core.training.network import unfreeze
    from core.training.pipeline import TrainingBatches

    stored = load_films(path)
    config = _config()
    network = _network(config)
    unfreeze(network, config)
    flowing = TrainingBatches(_films(stored), config, config.batch)
    began = time.perf_counter()
    same = [flowing[index] for index in range(len(flowing))]
    prepare_s = (time.perf_counter() - began) / len(same)

    films, targets = (np.concatenate(parts) for parts in zip(*same, strict=True))
    compile_network(network, tuning_optimiser(config, len(flowing)), config)
    found = {
        "flowing_s": _epoch_times(network, epochs, x=flowing),
        "in_memory_s": _epoch_times(
            network, epochs, x=films, y=targets, batch_size=config.batch
        ),
    }
    return {**found, "steps": len(flowing), "prepare_s": prepare_s}


def _epoch_times(network: Any, epochs: int, **data: Any) -> list[float]:
    """Seconds of each epoch of one `fit`, but for the first, which builds the step.

    Of one `fit`, because the step is built anew when the kind of data changes.
    """
    import keras

    class Times(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            began.append(time.perf_counter())

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            taken.append(time.perf_counter() - began[-1])

    began: list[float] = []
    taken: list[float] = []
    network.fit(
        **data, epochs=1 + epochs, shuffle=False, verbose=0, callbacks=[Times()]
    )
    return taken[1:]


def _config() -> TrainingConfig:
    return TrainingConfig(head_epochs=EPOCHS)


def _network(config: TrainingConfig) -> Any:
    from core.training.network import build_network
    from core.training.weights import load_start

    network = build_network(config, len(LABELS))
    load_start(network, config)
    return network


def _films(stored: StoredFilms) -> Any:
    from core.training.pipeline import Part, TrainingFilms

    rows = np.arange(len(stored.truth))
    train, val = (
        Part(rows[part], stored.truth[part], stored.weights[part])
        for part in (slice(stored.train), slice(stored.train, None))
    )
    return TrainingFilms(stored.pixels, train, val, len(LABELS))


def main() -> None:
    """Measure what the command line names and print it."""
    which, path, *words = sys.argv[1:]
    if which == "hilum":
        answer = hilum(Path(path), words[0], int(words[1]))
    elif which == "keras":
        answer = keras_fit(Path(path), words[0], int(words[1]))
    elif which == "grid":
        answer = grid(Path(path), int(words[0]))
    else:
        answer = flow(Path(path), int(words[0]))
    print(json.dumps(answer), flush=True)  # noqa: T201 - read by the parent


if __name__ == "__main__":
    main()
