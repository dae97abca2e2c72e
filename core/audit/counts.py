"""How many films of a data set are of what, as `core.audit.audit` tells it."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from typing import Any

from core.audit.survey import Survey, SurveyedFilm
from core.data.dataset import Dataset, Sample

_COMMONEST = 5


def counts(dataset: Dataset, surveyed: Survey) -> dict[str, Any]:
    """How many films there are of what."""
    samples = dataset.samples
    labels = {label: sum(s.label == label for s in samples) for label in dataset.labels}
    has_splits = any(sample.split for sample in samples)
    smallest = min(labels.values())
    return {
        "films": len(samples),
        "labels": labels,
        "sources": _tally([(s.source, s.label) for s in samples]),
        "splits": _tally([(s.split, s.label) for s in samples]) if has_splits else {},
        "unreadable": surveyed.unreadable,
        "left_out": dict(dataset.left_out),
        "imbalance": round(max(labels.values()) / smallest, 2) if smallest else None,
    }


def _tally(pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = {}
    for (outer, inner), count in sorted(collections.Counter(pairs).items()):
        counts.setdefault(outer, {})[inner] = count
    return counts


def kinds(films: Sequence[SurveyedFilm]) -> dict[str, Any]:
    """Sizes, views, formats and bits of the films."""
    sizes = collections.Counter((f.facts.width, f.facts.height) for f in films)
    widths, heights = zip(*sizes, strict=True)
    views = collections.Counter(
        film.sample.view or film.facts.view_position or "unknown" for film in films
    )
    return {
        "sizes": {
            "width": [min(widths), max(widths)],
            "height": [min(heights), max(heights)],
            "commonest": [
                {"width": width, "height": height, "films": count}
                for (width, height), count in sizes.most_common(_COMMONEST)
            ],
        },
        "views": dict(views.most_common()),
        "formats": dict(collections.Counter(f.facts.format for f in films)),
        "bits": dict(collections.Counter(str(f.facts.bits) for f in films)),
    }


def patients(samples: Sequence[Sample], origins: Sequence[str]) -> dict[str, Any]:
    """How many patients are known, and from where."""
    known = [sample.patient for sample in samples if sample.patient]
    return {
        "known": len(known),
        "patients": len(set(known)),
        "origin": ", ".join(dict.fromkeys(origins)),
        "grouped": grouped(samples),
    }


def grouped(samples: Sequence[Sample]) -> int:
    """How many films share a group which the data names."""
    sizes = collections.Counter(sample.group for sample in samples if sample.group)
    return sum(size for size in sizes.values() if size > 1)
