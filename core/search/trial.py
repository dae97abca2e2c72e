"""One trial: a training up to its figures on the validation films."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import confusion, rates_of
from core.jobs.events import EpochEnded
from core.json_file import read_json
from core.records import convert
from core.runs.job_folder import JobFolder
from core.search.record import LabelRates, TrialResult
from core.training.epochs import weighted_loss
from core.training.fit import BEST, best_network
from core.training.head_fit import HEAD, head_logits
from core.training.pipeline import Part, StoredBatches, TrainingFilms
from core.training.train import TrainingJob

#: Of a trial's files, those that a full run goes on from.
KEPT = (HEAD, BEST, "trained.json", "memo.json")
_BATCH = 16


class Hopeless(Exception):
    """A trial is worse than others were at this point: it is not worth going on."""


def run_trial(
    job: TrainingJob, films: TrainingFilms, labels: Sequence[str]
) -> TrialResult:
    """Train as a job says, and measure the kept network on the validation films.

    While the backbone stays frozen the head alone is trained, on features that are
    shared; no network is made. What a former call left in the job's folder is gone
    on with.

    Raises:
        CoreError: As `core.training.train.run_job`.
    """
    history: Sequence[EpochEnded]
    if job.config.epochs:
        job.train(films)
        history = convert(read_json(job.folder.trained), tuple[EpochEnded, ...])
        network = best_network(job.config, films.classes, job.folder)
        stored = StoredBatches(films, _BATCH)
        logits = np.asarray(network.predict(stored, verbose=0))
    else:
        head = job.head(films)
        history = head.history
        features = job.features(films).films[films.val.rows]
        logits = head_logits(head, features, job.config)
    return result_of(logits, films.val, labels, history)


def result_of(
    logits: NDArray[np.float32],
    val: Part,
    labels: Sequence[str],
    history: Sequence[EpochEnded],
) -> TrialResult:
    """What (n, c) logits of the validation films are worth."""
    counts = confusion(val.truth, logits.argmax(axis=1), len(labels))
    rates = rates_of(counts)
    kept = max((i for i, epoch in enumerate(history) if epoch.best), default=-1)
    return TrialResult(
        loss=round(weighted_loss(logits, val), 5),
        accuracy=round(float(rates["accuracy"]), 5),
        macro_f1=round(float(rates["macro_f1"]), 5),
        labels={
            label: LabelRates(
                int(counts[i].sum()),
                _known(rates["recall"][i]),
                _known(rates["specificity"][i]),
            )
            for i, label in enumerate(labels)
        },
        epochs=len(history),
        best_epoch=kept + 1,
    )


def drop_checkpoints(folder: JobFolder, *, keep: Sequence[str] = KEPT) -> None:
    """Remove what a trial that has ended has no more use for; it is 100 MB and more."""
    for pattern in ("*.h5", "progress.json"):
        for path in folder.path.glob(pattern):
            if path.name not in keep:
                path.unlink(missing_ok=True)


def _known(rate: float) -> float | None:
    return None if math.isnan(rate) else round(float(rate), 5)
