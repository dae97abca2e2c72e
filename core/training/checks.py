"""What can be refused about a training job before its first film is read."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from core.data.dataset import Dataset, index_dataset
from core.data.patients import compile_pattern
from core.data.split import given_split, refuse_too_few
from core.errors import DatasetError, TrainingError
from core.evaluation.pools import check_pools, parse_pools
from core.files import refuse_unwritable
from core.outputs import check_file, check_folder
from core.records import Text, fits
from core.runs.config import TrainingConfig
from core.runs.starting_weights import start_file

BACKENDS: Final = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}


def check_job(config: TrainingConfig, data: Path) -> Dataset:
    """Check a job against its data as far as lists and names tell, without Keras.

    What only Keras knows `core.training.network.check_network` checks.

    Returns:
        The data.

    Raises:
        CoreError: The job would fail later, whatever its films show.
    """
    compile_pattern(config.patient_pattern)
    start_file(config)
    dataset = index_dataset(data, config.labels)
    if len(dataset.labels) < 2:
        raise DatasetError(
            f"{data.name} has films of one label only: {dataset.labels[0]}.",
            hint="Add films of at least one other label, in a folder of its own.",
        )
    if config.leave_one_source_out and len(dataset.sources()) < 2:
        raise DatasetError(
            f"{data.name} has no two sources with films enough to leave one out.",
            hint="Name the source of each film in a CSV file, in the column source, "
            "or do not leave one out.",
        )
    _check_names(data, dataset)
    check_pools(parse_pools(config.pools), dataset.samples, dataset.labels)
    if given_split(dataset, leaks_accepted=bool(config.accept_leaks)) is None:
        refuse_too_few(_most_groups(dataset))
    return dataset


def check_backend(name: str) -> None:
    """Refuse a Keras backend that is not here.

    Raises:
        TrainingError: Says which are known.
    """
    if name not in BACKENDS:
        raise TrainingError(
            f"Keras cannot train on {name!r} here.",
            hint=f"Set KERAS_BACKEND to one of: {', '.join(BACKENDS)}.",
        )
    if importlib.util.find_spec(name) is None:
        raise TrainingError(
            f"{BACKENDS[name]} is not installed.",
            hint="Install it, or choose another with --backend.",
        )


def check_places(files: Sequence[Path | None], out: Path | None) -> None:
    """Refuse places that cannot be written.

    Raises:
        OutputError: One cannot be.
    """
    for file in filter(None, files):
        check_file(file, overwrite=True)
        refuse_unwritable(file)
    if out is not None:
        refuse_unwritable(out)


def check_log_dir(log_dir: Path) -> None:
    """Refuse a log for TensorBoard that could not be written.

    Raises:
        CoreError: What writes it is not here, or the place cannot be written to.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise TrainingError(
            "Logs for TensorBoard are written by TensorFlow, which is not installed.",
            hint="Install it beside the backend, or leave --log-dir out: epochs.csv in "
            "the model's folder has the same figures.",
        )
    # Logs of other trainings may be there: TensorBoard shows them side by side.
    check_folder(log_dir, overwrite=True, is_own=lambda folder: True)
    refuse_unwritable(log_dir)


def _check_names(data: Path, dataset: Dataset) -> None:
    """Records are written in UTF-8, which some names of old disks are not."""
    for name in (str(data.resolve()), *(sample.file for sample in dataset.samples)):
        if not fits(name, Text):
            raise DatasetError(
                f"The name {name!r} cannot be written down: it is in no known "
                "encoding.",
                hint="Rename the file, or the folder that it lies in.",
            )


def _most_groups(dataset: Dataset) -> dict[str, int]:
    """Label -> groups of its films at most; films that look alike make them fewer."""
    most = {}
    for label in dataset.labels:
        films = [sample for sample in dataset.samples if sample.label == label]
        most[label] = min(
            len({film.patient or film.file for film in films}),
            len({film.group or film.file for film in films}),
        )
    return most
