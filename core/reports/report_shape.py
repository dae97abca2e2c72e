"""What is read of an evaluation and of a report that others wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from core.json_shape import EACH, fits, is_count, is_pair


def is_evaluation(result: Any, labels: Sequence[str]) -> bool:
    """Whether it is an evaluation of a model with these labels, in their order.

    Args:
        result: As `core.evaluation.evaluate.evaluate` makes it, if all is well.
    """
    if not fits(result, _EVALUATION):
        return False
    matrix, known = result["confusion_matrix"], set(labels)
    parts = [result, *result["by_source"].values()]
    mistakes = result.get("mistakes", ())
    return (
        all(list(part["per_class"]) == list(labels) for part in parts)
        and len(matrix) == len(labels)
        and all(len(row) == len(labels) for row in matrix)
        and all(set(each["labels"]) <= known for each in result["within_source"])
        and set(result.get("curves", ())) <= known
        and all({each["label"], each["called"]} <= known for each in mistakes)
    )


def is_report(report: Any, labels: Sequence[str]) -> bool:
    """Whether it is a report, as `core.reports.report_json` has it, on such a model."""
    if not fits(report, _REPORT) or not is_evaluation(report["result"], labels):
        return False
    validation, model = report["validation"], report["model"]
    named = [label["name"] for label in model["labels"]]
    return named == list(labels) and (
        not validation or is_evaluation(validation, labels)
    )


def _with_rates(fields: dict[str, Any], *names: str) -> Callable[[Any], bool]:
    """These fields, and each rate with its interval, or null and null."""
    shapes = [
        ({name: float, f"{name}_ci": is_pair}, {name: None, f"{name}_ci": None})
        for name in names
    ]
    return lambda value: fits(value, fields) and all(fits(value, s) for s in shapes)


_PER_CLASS = _with_rates(
    {"n": is_count}, "precision", "recall", "specificity", "f1", "auc"
)
_BIN = {"confidence": float, "accuracy": float, "n": is_count}
_EVALUATION = {
    "n": is_count,
    "accuracy": float,
    "accuracy_ci": is_pair,
    "macro_f1": float,
    "macro_f1_ci": is_pair,
    "per_class": {EACH: _PER_CLASS},
    "confusion_matrix": [[is_count]],
    "ece": float,
    "ece_uncalibrated": float,
    "by_source": {
        EACH: _with_rates(
            {"n": is_count, "per_class": {EACH: {"n": is_count}}},
            "accuracy",
            "macro_f1",
        )
    },
    "within_source": [
        _with_rates({"within": str, "labels": [str], "n": [is_count]}, "auc")
    ],
    "unreadable?": is_count,
    "curves?": {
        EACH: _with_rates({"roc": [is_pair], "pr": [is_pair]}, "average_precision")
    },
    "reliability?": {"before": [_BIN], "after": [_BIN]},
    "mistakes?": [
        {
            "file": str,
            "label": str,
            "called": str,
            "probability": float,
            "source": str,
            "sha256?": str,
        }
    ],
}
_EPOCH = {
    "phase": str,
    "epoch": is_count,
    "epochs": is_count,
    "loss": float,
    "val_loss": float,
    "val_accuracy": float,
    "val_macro_f1": float,
    "best": bool,
    "accuracy?": (float, None),
    "macro_f1?": (float, None),
    "rate?": (float, None),
    "seconds?": (float, None),
}
_POINT = {
    "label": str,
    "threshold": float,
    "precision": float,
    "sensitivity": float,
    "criterion": str,
    "chosen_on": str,
}
_REPORT = {
    "model": {
        "name": str,
        "labels": [{"name": str, "display_name": str}],
        "operating_points": [_POINT],
        "intended_use": str,
        "limits": str,
    },
    "split": str,
    "data": str,
    "result": dict,
    "validation": dict,
    "history": [_EPOCH],
    "config": dict,
    "films": {"left_out?": {EACH: is_count}, "unreadable?": is_count},
    "hashes": {"model": str, "split": str, "files": dict},
    "versions": dict,
    "command": str,
    "notes": [str],
}
