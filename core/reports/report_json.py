"""`report.json` of a bundle: all that is known of how good a model is.

Its shape, whose `format_version` is 1:

    format_version  1
    model           {name, sha256, labels: [{name, display_name}], temperature,
                    operating_points: [as in the card], intended_use, limits}
    split           "test", or what the films were called
    data            name of the folder or manifest measured on; may be ""
    result          the long evaluation of `core.evaluation.evaluate.evaluate`,
                    on the films of `split`
    validation      the short one on the validation films, or {}
    history         [fields of `core.jobs.events.EpochEnded`], both phases in order
    config          the job's settings
    films           the card's `data`: {films: {split: {...}}, left_out,
                    unreadable, split_sha256, findings: as `core.evaluation.findings`;
                    absent from models of before}
    hashes          {model: ..., split: ..., files: {name: ...}}; "" and {} where
                    unknown
    versions        {hilum, python, keras, ...}
    provenance      {model, model_sha256, preprocessing, temperature, precision,
                    version}: what the figures were computed with; absent from
                    reports of before
    command         how the job was started; may be ""
    notes           [sentences on what the reader must know of the job]

Every value is plain JSON; no path of the machine is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import BundleError
from core.jobs.events import EpochEnded
from core.json_file import read_json
from core.model.bundle import (
    MAX_CARD_BYTES,
    REPORT,
    ModelBundle,
    ModelCard,
    card_to_json,
    provenance,
)
from core.paths import command_name
from core.records import convert
from core.reports.schema import is_report

_VERSION = 1


def report_json(
    *,
    result: Mapping[str, Any],
    validation: Mapping[str, Any],
    card: ModelCard,
    sha256: str,
    notes: Sequence[str] = (),
    split: str = "test",
    data: str = "",
) -> dict[str, Any]:
    """All that is known of a model, in the shape that this module describes.

    Args:
        result: A long evaluation, with `details=True`.
        validation: A short one on the validation films; may be empty.
        card: With its operating points, data and record of training.
        notes: What the reader must know of the job: that the batch was halved,
            that leaks were accepted and why. Those of the card's record, if it
            has any, come first, and each is said once.
    """
    fields, training = card_to_json(card), card.training
    kept = ("name", "labels", "temperature", "operating_points", "intended_use")
    said = dict.fromkeys([*training.get("notes", ()), *notes])
    return {
        "format_version": _VERSION,
        "model": {
            **{name: fields[name] for name in (*kept, "limits")},
            "sha256": sha256,
        },
        "split": split,
        "data": data,
        "result": dict(result),
        "validation": dict(validation),
        "history": list(training.get("history", ())),
        "config": dict(training.get("config", {})),
        "films": dict(card.data),
        "hashes": {
            "model": sha256,
            "split": card.data.get("split_sha256", ""),
            "files": dict(card.files),
        },
        "versions": dict(training.get("versions", {})),
        "provenance": provenance(card, sha256),
        "command": training.get("command", ""),
        "notes": list(said),
    }


def read_report_json(bundle: ModelBundle) -> dict[str, Any]:
    """The report that a bundle holds.

    Raises:
        BundleError: It has none, or one that this program cannot understand.
    """
    name = bundle.card.name
    if REPORT not in bundle.card.files:
        raise BundleError(
            f"The model {name} was made before models came with a report.",
            hint=f"Measure it anew: {command_name()} evaluate BUNDLE --data DATA.",
        )
    try:
        report = read_json(bundle.path / REPORT, MAX_CARD_BYTES)
    except (OSError, ValueError) as error:
        raise BundleError(
            f"The report of {name} cannot be read: {error}.",
            hint="Copy the model again from where it came, or train it anew.",
        ) from error
    if not (isinstance(report, dict) and report.get("format_version") == _VERSION):
        raise BundleError(
            f"The report of {name} is not of a kind that this program understands.",
            hint="Use a newer Hilum, or measure the model anew with this one.",
        )
    if not is_report(report, bundle.card.label_names):
        raise BundleError(
            f"The report of {name} does not fit its card: its labels or figures are "
            "others.",
            hint="Copy the model again from where it came, or measure it anew with "
            "`evaluate --data`.",
        )
    return report


def display_names(report: Mapping[str, Any]) -> dict[str, str]:
    """Label -> as people read it."""
    labels = report["model"]["labels"]
    return {label["name"]: label["display_name"] for label in labels}


def epochs(report: Mapping[str, Any]) -> tuple[EpochEnded, ...]:
    """The epochs of a report."""
    return convert(report["history"], tuple[EpochEnded, ...])
