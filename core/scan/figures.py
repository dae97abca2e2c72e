"""A scan's figures as plain JSON values."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from core import __version__
from core.model.bundle import ModelBundle
from core.paths import atomic_write
from core.scan.summary import (
    FolderCounts,
    ScanSummary,
    interval,
    label_sentence,
)
from core.scan.triage import HEALTHY


def summary_to_json(summary: ScanSummary, bundle: ModelBundle) -> dict[str, Any]:
    """A scan's figures; every rate has its 95 % interval as `<name>_ci`.

    Args:
        bundle: That the films were read with.

    Returns:
        `model`, `model_sha256`, `precision`, `version`;
        `labels`: label -> as people read it;
        `films`, `read`, `not_read`, `with_warnings`: numbers of films, and
        `not_read_share`;
        `findings`, `uncertain`: n and share of the films read, for each label
        and for none;
        `left_out`: why -> how many of what the folder holds, as
        `core.films.left_out.LeftOut`, and `in_words`, of a scan that listed its folder;
        `parity`: as `core.scan.parity.Parity.to_json`, of a scan in a fast precision;
        where labels are known also `unlabelled`, `by_label` (for each true
        label: films, read, not_read, `called`, `not_called`, `uncertain`, and
        `in_words`), and `evaluation`, in the shape of `evaluate --json`; null
        where none of the films read has a label.
    """
    total, card = summary.total, summary.card
    fields = {
        "model": card.name,
        "model_sha256": bundle.sha256,
        "precision": ", ".join(sorted(summary.precisions)),
        "version": __version__,
        "labels": {label.name: label.display_name for label in card.labels},
        "films": total.films,
        "read": total.read,
        "not_read": total.not_read,
        **_rate("not_read_share", total.not_read, total.films),
        "with_warnings": summary.warned,
        "findings": {
            name: _share(total.called[name], total.read) for name in card.label_names
        },
        "uncertain": _share(total.called[None], total.read),
    }
    if summary.left_out is not None:
        counts = dataclasses.asdict(summary.left_out)
        fields["left_out"] = {**counts, "in_words": summary.left_out.in_words()}
    if summary.parity is not None:
        fields["parity"] = summary.parity.to_json()
    if not summary.measures:
        return fields
    return {
        **fields,
        "unlabelled": summary.unlabelled,
        "by_label": {
            label: _label(label, counts, summary)
            for label, counts in summary.by_label.items()
            if counts.films
        },
        "evaluation": summary.evaluation(),
    }


def write_summary(path: Path, summary: ScanSummary, bundle: ModelBundle) -> None:
    """Write a scan's figures as JSON.

    Raises:
        OutputError: The file cannot be written.
    """
    text = json.dumps(summary_to_json(summary, bundle), indent=1, allow_nan=False)
    with atomic_write(path) as partial:
        partial.write_text(text + "\n", encoding="utf-8")


def _label(label: str, counts: FolderCounts, summary: ScanSummary) -> dict[str, Any]:
    card = summary.card
    return {
        "films": counts.films,
        "read": counts.read,
        "not_read": counts.not_read,
        "called": {
            name: _share(counts.called[name], counts.read) for name in card.label_names
        },
        "uncertain": _share(counts.called[None], counts.read),
        "not_called": {
            name: _share(counts.read - counts.called[name], counts.read)
            for name in card.label_names
            if name not in (label, HEALTHY)
        },
        "in_words": label_sentence(label, counts, card),
    }


def _share(count: int, of: int) -> dict[str, Any]:
    return {"n": count, **_rate("share", count, of)}


def _rate(name: str, count: int, of: int) -> dict[str, Any]:
    if not of:
        return {name: None, f"{name}_ci": None}
    return {name: count / of, f"{name}_ci": list(interval(count, of))}
