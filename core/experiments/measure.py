"""What the trainings of an experiment came to, over seeds and on the same test films.

The JSON that `results` gives, from which the page is made:

    experiment    the experiment, as `core.experiments.experiment` describes it
    data          {name, films, test, labels: {label: films}, sources: {source: films},
                  split, warnings: [what the check of the films warned of]}
    seeds, folds, quick, command, made, version    as the experiment was carried out
    judged        labels that are told apart where the arms are judged
    left_out      test films that not all arms could be measured on
    arms          [{name, title, not_run: why, or "", films: trained on,
                  settings: {title: value} that differ between arms,
                  figures: [{name, of, value, value_ci, each}], confusion_matrix,
                  history}]; value is the mean over seeds, with a t interval, and
                  `of` a label, a source, or empty
    shared        {title: value} settings that all arms have
    comparisons   [{arm, reference, figure, difference, films_ci, seeds_ci, p, mcnemar:
                  [p of each seed], verdict, sentence}]; p is of a paired t test
    answer        [sentences]
    cautions      [what to know before one believes it]
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from core import __version__
from core.data.dataset import Sample
from core.evaluation.differences import differences, mcnemar
from core.evaluation.intervals import Resamples, groups_of
from core.evaluation.metrics import confusion
from core.experiments.answer import answer, cautions, sentence_of, verdict_of
from core.experiments.experiment import OTHER, Arm, positive_label
from core.experiments.films import read_split
from core.experiments.record import ExperimentFolder, Record
from core.experiments.runner import crop_note
from core.experiments.said import Figures, Said, figures_of, read_said
from core.json_file import read_json
from core.model.bundle import CARD, read_bundle
from core.model.seen_films import film_sha256, films_seen
from core.paths import default_bundle_dir
from core.records import to_json
from core.runs.config import config_to_json
from core.runs.settings import in_words

#: Settings that say nothing of how a training is done.
_NOT_TOLD: Final = frozenset(["name", "seed", "accept_leaks", "labels"])


def results(
    folder: ExperimentFolder, record: Record, not_run: Mapping[str, str]
) -> dict[str, Any]:
    """Measure every arm that was trained; as this module says."""
    repeats = folder.repeats(record)
    experiment = record.experiment
    dataset, split = read_split(repeats[0].split)
    judged = tuple(dataset.labels)
    if any(arm.one_against_rest for arm in experiment.arms):
        judged = (positive_label(judged, record.positive), OTHER)
    trained = [arm for arm in experiment.arms if arm.name not in not_run]
    said = {
        arm.name: [read_said(folder, arm, repeat, judged) for repeat in repeats]
        for arm in trained
    }
    every = len(said[trained[0].name][0].tests)
    for number in range(len(repeats)):
        at = [said[arm.name][number] for arm in trained]
        known = np.all([np.isfinite(each.p[:, 0]) for each in at], axis=0)
        for arm, each in zip(trained, at, strict=True):
            said[arm.name][number] = each.at(known)
    told = {arm.name: _settings(record, arm) for arm in experiment.arms}
    same = set.intersection(*(set(each.items()) for each in told.values()))
    values = {
        arm.name: [figures_of(each, judged) for each in said[arm.name]]
        for arm in trained
    }
    comparisons = []
    if not record.folds and trained[0] is experiment.arms[0]:
        comparisons = [
            compared(record, arm, trained[0], said, values, judged)
            for arm in trained[1:]
        ]
    audit = read_json(folder.audit)
    found = {
        "experiment": to_json(experiment),
        "data": {
            "name": audit["data"],
            "films": audit["films"],
            "test": len(split.test),
            "labels": audit["labels"],
            "sources": {
                name: sum(counts.values()) for name, counts in audit["sources"].items()
            },
            "split": audit["split"]["origin"],
            "warnings": [
                each["text"]
                for each in audit["sentences"]
                if each["severity"] == "warn"
            ],
        },
        "seeds": list(record.seeds),
        "folds": record.folds,
        "quick": record.quick,
        "command": record.command,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": __version__,
        "judged": list(judged),
        "left_out": every - len(said[trained[0].name][0].tests),
        "arms": [
            {
                "name": arm.name,
                "title": arm.title,
                "not_run": not_run.get(arm.name, ""),
                "settings": {
                    title: value
                    for title, value in told[arm.name].items()
                    if (title, value) not in same
                },
                **_measured(said.get(arm.name), values.get(arm.name), len(judged)),
            }
            for arm in experiment.arms
        ],
        "shared": {k: v for k, v in told[trained[0].name].items() if (k, v) in same},
        "comparisons": comparisons,
    }
    found["answer"] = answer(found)
    notes = [crop_note(folder), _seen(record, trained, split.test)]
    found["cautions"] = cautions(found, [note for note in notes if note])
    return found


def _measured(
    said: list[Said] | None, values: list[Figures] | None, classes: int
) -> dict[str, Any]:
    if said is None or values is None:
        return {"films": 0, "figures": [], "confusion_matrix": [], "history": []}
    figures = []
    for name, of in values[0]:
        each = [found.get((name, of), math.nan) for found in values]
        mean, interval = over_repeats(each)
        if math.isfinite(mean):
            figures.append(
                {
                    "name": name,
                    "of": of,
                    "value": round(mean, 4),
                    "value_ci": interval
                    and [round(min(1.0, max(0.0, end)), 4) for end in interval],
                    "each": [round(v, 4) if math.isfinite(v) else None for v in each],
                }
            )
    counts = sum(confusion(s.truth, s.p.argmax(axis=1), classes) for s in said)
    card = read_json(said[0].runs[0].bundle_dir / CARD)
    return {
        "films": card["data"]["films"]["train"]["all"],
        "figures": figures,
        "confusion_matrix": np.asarray(counts).tolist(),
        "history": card["training"]["history"],
    }


def _settings(record: Record, arm: Arm) -> dict[str, str]:
    """The settings of an arm in words, those of its films among them."""
    fields = config_to_json(record.config(arm))
    told = {
        title: value
        for name, (title, value) in in_words(fields).items()
        if name not in _NOT_TOLD
    }
    told["Share of the training films"] = f"{arm.share * 100:.0f} %"
    told["Cropped to the lungs"] = "yes" if arm.crops else "no"
    told["Labels told apart"] = "two" if arm.one_against_rest else "all"
    told["Sources of its test films"] = "never seen" if arm.unseen else "seen"
    return told


def _seen(record: Record, arms: Sequence[Arm], tests: Sequence[Sample]) -> str:
    """Whether the start of an arm knows the films that it is tested on."""
    known = [arm.title for arm in arms if record.config(arm).weights == "default"]
    if not known:
        return ""
    shown = [sample.sha256 or film_sha256(sample.path) for sample in tests]
    seen = films_seen(shown, read_bundle(default_bundle_dir()))
    count = "an unknown number" if seen is None else f"{seen:,}"
    return (
        "The model that comes with the program was trained or chosen on "
        f"{count} of these {len(tests):,} test films, and is what these start from: "
        f"{', '.join(known)}."
    )


def over_repeats(values: Sequence[float]) -> tuple[float, list[float] | None]:
    """The mean over seeds or folds, and its 95 % t interval where there are two.

    Source:
        Student, The probable error of a mean, Biometrika 6, 1908.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return math.nan, None
    mean = float(np.mean(known))
    if len(known) < 2:
        return mean, None
    from scipy.stats import t

    reach = t.ppf(0.975, len(known) - 1) * np.std(known, ddof=1) / len(known) ** 0.5
    return mean, [float(mean - reach), float(mean + reach)]


def compared(
    record: Record,
    arm: Arm,
    reference: Arm,
    said: Mapping[str, list[Said]],
    values: Mapping[str, list[Figures]],
    judged: tuple[str, ...],
) -> dict[str, Any]:
    """How far an arm is from the reference, on the same films and seeds."""
    figure = record.experiment.decides
    one, other = said[arm.name], said[reference.name]
    truth = one[0].truth
    resamples = Resamples.by_group(groups_of(one[0].tests), seed=0)
    p = np.stack([each.p for each in one]), np.stack([each.p for each in other])
    rows = differences(truth, p, judged, resamples, lambda share: None)
    row = next(r for r in rows if (r["name"], r["label"]) == (figure, None))
    apart = [
        first[figure, ""] - second[figure, ""]
        for first, second in zip(values[arm.name], values[reference.name], strict=True)
    ]
    _, over_seeds = over_repeats(apart)
    found = {
        "arm": arm.title,
        "reference": reference.title,
        "figure": figure,
        "value": row["candidate"],
        "reference_value": row["in_use"],
        "difference": row["difference"],
        "films_ci": row["difference_ci"],
        "seeds_ci": over_seeds and [round(end, 4) for end in over_seeds],
        "p": _paired_p(apart),
        "mcnemar": [
            mcnemar(
                a.p.argmax(axis=1) == truth,
                b.p.argmax(axis=1) == truth,
            )["p"]
            for a, b in zip(one, other, strict=True)
        ],
    }
    found["verdict"] = verdict_of(found)
    found["sentence"] = sentence_of(found, len(truth), len(apart))
    return found


def _paired_p(apart: Sequence[float]) -> float | None:
    """Of a paired t test over seeds; None where they do not differ, or are too few."""
    if len(apart) < 2 or not np.std(apart) > 0:
        return None
    from scipy.stats import ttest_1samp

    return float(f"{ttest_1samp(apart, 0.0).pvalue:.4g}")
