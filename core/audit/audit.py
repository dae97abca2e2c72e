"""Check a data set before anything is trained on it.

The result is one JSON object; `python -m core audit DATA --json FILE` writes it.
Files are named as the data names them: relative to the folder or manifest.

    data          str    name of the folder or manifest
    films         int    films that could be read
    labels        {label: films}, in output order
    sources       {source: {label: films}}; "" where the data does not say
    splits        {split: {label: films}} as the data gives them; {} if it does not
    children      {label: films that the manifest says are of children}
    unreadable    {file: reason}
    left_out      {reason: films}
    identical     [[file, ...], ...] the same file or the same pixels
    similar       [{files: [a, b], how, likeness}, ...] copies that were changed
    conflicts     [[file, ...], ...] one film under different labels
    patients      {known: films, patients: int, origin: str, grouped: films};
                  origin names where they come from ("manifest", "DICOM", "file
                  names", or several of these with commas), "" if nothing tells
                  them; grouped are films that share a group which the data names
    independent   {label: groups of films that have nothing to do with each other}
    leaks         [{kind, files, splits, sentence}, ...] in several given splits;
                  kind is "identical", "similar", "patient" or "group"
    sizes         {width: [min, max], height: [min, max],
                  commonest: [{width, height, films}, ...]}, {} without films
    views         {view: films}; "unknown" where nothing tells it
    formats       {format: films}
    bits          {bits per sample, as text: films}
    imbalance     float  films of the largest label to those of the smallest
    shortcuts     {metadata: probe | null, frame: probe | null}; null where there
                  are too few films. A probe is {auc, auc_ci: [low, high], chance,
                  worst: [label, label], worst_auc, sentence, is_red}
    comparable    {source: [label, ...]} sources with films of several labels
    split         {sha256, origin: "given" | "made" | "regrouped",
                  summary: {train | val | test: {label: films}}}, or null where
                  the given one leaks or none can be made
    sentences     [{severity: "stop" | "warn" | "note", text, hint}, ...], worst
                  first; "stop" means that nothing should be trained on this
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audit.leaks import (
    Leak,
    alike_rows,
    conflicts,
    find_leaks,
    identical_rows,
)
from core.audit.sentences import sentences
from core.audit.shortcuts import comparable_sources, measure_shortcuts
from core.audit.survey import Survey, counts, kinds, patients, survey
from core.data.dataset import Dataset, Sample, index_dataset
from core.data.near_duplicates import SimilarPair, similar_pairs
from core.data.patients import compile_pattern, with_patient
from core.data.split import (
    SPLITS,
    Split,
    given_split,
    group_by_pairs,
    groups_per_label,
    mend_split,
    split_by_group,
)
from core.errors import DatasetError
from core.jobs.events import StageStarted
from core.jobs.reporters import Report, counter, share_counter
from core.records import to_json
from core.words import films as in_films

#: As of a training; NumPy and scikit-learn take no others.
_LARGEST_SEED = 2**32 - 2


@dataclasses.dataclass(frozen=True)
class SplitWish:
    """How to split data that names no splits, or, `regroup`, whose splits leak.

    What is in several splits then goes to train.
    """

    validation: float = 0.2
    test: float = 0.2
    seed: int = 2020
    regroup: bool = False

    def __post_init__(self) -> None:
        if not (0 < self.validation < 0.5 and 0 < self.test < 0.5):
            raise DatasetError(
                "The shares of validation and test films must be above 0 and below "
                "0.5.",
                hint=f"They were given as {self.validation:g} and {self.test:g}.",
            )
        if not 0 <= self.seed <= _LARGEST_SEED:
            raise DatasetError(
                f"The seed must be a whole number from 0 to {_LARGEST_SEED}.",
                hint=f"It was given as {self.seed}.",
            )


@dataclasses.dataclass(frozen=True)
class Audit:
    """What was found, as the module says, and the split to use, if there is one."""

    found: dict[str, Any]
    split: Split | None

    @property
    def has_leaks(self) -> bool:
        """Whether the splits in use leak, or would have if they were used."""
        return bool(self.found["leaks"]) and self.split is None

    @property
    def stops(self) -> bool:
        return any(s["severity"] == "stop" for s in self.found["sentences"])


def audit(
    data: Path,
    *,
    labels: Sequence[str] = (),
    patient_pattern: str = "",
    wish: SplitWish = SplitWish(),
    report: Report = lambda event: None,
) -> Audit:
    """Read every film of a data set and say what speaks against training on it.

    Args:
        patient_pattern: Regular expression whose first group is the patient in a
            file name, for films of which neither manifest nor DICOM tells it.

    Raises:
        DatasetError: There is no such data, it cannot be understood, or no film
            of it can be read.
    """
    pattern = compile_pattern(patient_pattern)
    dataset = index_dataset(data, labels)
    count = len(dataset.samples)
    report(StageStarted("reading", f"Reading {in_films(count)}."))
    surveyed = survey(dataset.samples, counter("reading", count, report))
    if not surveyed.films:
        raise DatasetError(
            f"None of the films of {data.name} can be read.",
            hint=f"The first: {next(iter(surveyed.unreadable.values()), '')}",
        )
    films, origins = [], []
    for film in surveyed.films:
        sample, origin = with_patient(film.sample, film.facts.patient, pattern)
        films.append(dataclasses.replace(film, sample=sample))
        origins += [origin] if origin else []
    surveyed = dataclasses.replace(surveyed, films=tuple(films))
    report(StageStarted("comparing", "Looking for copies."))
    tell = share_counter("comparing", len(films), report)
    similar = similar_pairs(surveyed.fingerprints, tell)
    report(StageStarted("probing", "Looking for what tells the labels apart."))
    tell = share_counter("probing", len(films), report)
    readable = dataclasses.replace(dataset, samples=surveyed.samples)
    return _judge(readable, surveyed, similar, origins, wish, tell)


def _judge(
    dataset: Dataset,
    surveyed: Survey,
    similar: list[SimilarPair],
    origins: Sequence[str],
    wish: SplitWish,
    on_progress: Callable[[float], None],
) -> Audit:
    samples = dataset.samples
    identical = identical_rows(surveyed)
    alike = alike_rows(len(samples), identical, similar)
    groups = group_by_pairs(samples, [(rows[0], r) for rows in alike for r in rows[1:]])
    leaks = find_leaks(samples, identical, alike, similar)
    split, origin, obstacle = _choose_split(dataset, groups, leaks, wish)
    same = {row: rows[0] for rows in identical for row in rows}
    counted = counts(dataset, surveyed)
    found = {
        "data": dataset.name,
        **counted,
        "identical": [[samples[row].file for row in rows] for rows in identical],
        "similar": [
            {
                "files": [samples[pair.first].file, samples[pair.second].file],
                "how": pair.how,
                "likeness": round(pair.likeness, 3),
            }
            for pair in similar
            if same.get(pair.first, -1) != same.get(pair.second, -2)
        ],
        "conflicts": conflicts(samples, alike),
        "patients": patients(samples, origins),
        "independent": groups_per_label(dataset, groups),
        "leaks": to_json(leaks),
        **kinds(surveyed.films),
        "shortcuts": measure_shortcuts(
            [sample.label for sample in samples],
            [film.facts for film in surveyed.films],
            surveyed.fingerprints,
            groups,
            seed=wish.seed,
            on_progress=on_progress,
        ),
        "comparable": comparable_sources(counted["sources"]),
        "split": split and _split_to_json(split, origin, dataset.labels),
    }
    found["sentences"] = sentences(found, obstacle)
    return Audit(found, split and _with_groups(split, samples, groups))


def _choose_split(
    dataset: Dataset,
    groups: NDArray[np.int32],
    leaks: Sequence[Leak],
    wish: SplitWish,
) -> tuple[Split | None, str, DatasetError | None]:
    """The split to use, where it comes from, and why there is none."""
    is_given = any(sample.split for sample in dataset.samples)
    if len(dataset.labels) < 2 or (is_given and leaks and not wish.regroup):
        return None, "", None
    try:
        if is_given and leaks:
            if (mended := mend_split(dataset, groups)) is not None:
                return mended, "regrouped", None
        elif is_given and (given := _given(dataset, wish)) is not None:
            return given, "given", None
        shares = {"validation": wish.validation, "test": wish.test}
        made = split_by_group(dataset, groups, **shares, seed=wish.seed)
    except DatasetError as error:
        return None, "", error
    return made, "made", None


def _given(dataset: Dataset, wish: SplitWish) -> Split | None:
    """The split of the data; None where it lacks a label and may be replaced."""
    try:
        given = given_split(dataset)
    except DatasetError:
        if wish.regroup:
            return None
        raise
    return given[0] if given is not None else None


def _with_groups(
    split: Split, samples: Sequence[Sample], groups: NDArray[np.int32]
) -> Split:
    """The split with each film's group, so that its manifest holds what was found."""
    files = (sample.file for sample in samples)
    group_of = dict(zip(files, groups.tolist(), strict=True))
    parts = (
        tuple(
            dataclasses.replace(film, group=f"g{group_of[film.file]:05d}")
            for film in split.part(name)
        )
        for name in SPLITS
    )
    return Split(*parts)


def _split_to_json(split: Split, origin: str, labels: Sequence[str]) -> dict[str, Any]:
    summary = {
        name: {
            label: sum(s.label == label for s in split.part(name)) for label in labels
        }
        for name in SPLITS
    }
    return {"sha256": split.sha256(), "origin": origin, "summary": summary}
