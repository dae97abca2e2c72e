"""What the tests of the page before a training share: a stand-in and its answers."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from core import paths
from core.records import to_json
from core.runs.rate_test import RateTest
from desktop.retrain.settings.form import SettingsForm

SCRIPT = Path(__file__).resolve().parent / "stand_in_core.py"


def audit_record(
    labels: tuple[str, ...] = ("covid", "normal"), films: int = 40
) -> dict:
    """A check that found nothing bad, in the shape of `core.audit.audit`."""
    per_split = {"train": 0.6, "val": 0.2, "test": 0.2}
    probe = {
        "auc": 0.55,
        "auc_ci": [0.45, 0.65],
        "chance": 0.5,
        "worst": list(labels[:2]),
        "worst_auc": 0.6,
        "sentence": "A program that sees the file alone cannot tell the labels apart.",
        "is_red": False,
    }
    return {
        "data": "films",
        "films": films * len(labels),
        "labels": dict.fromkeys(labels, films),
        "sources": {"": dict.fromkeys(labels, films)},
        "splits": {},
        "children": {},
        "unreadable": {},
        "left_out": {},
        "identical": [],
        "similar": [],
        "conflicts": [],
        "patients": {"known": 0, "patients": 0, "origin": ""},
        "independent": dict.fromkeys(labels, films),
        "leaks": [],
        "sizes": {
            "width": [96, 96],
            "height": [96, 96],
            "commonest": [{"width": 96, "height": 96, "films": films}],
        },
        "views": {"PA": films},
        "formats": {"PNG": films},
        "bits": {"8": films},
        "imbalance": 1.0,
        "shortcuts": {"metadata": probe, "frame": None},
        "comparable": {},
        "split": {
            "sha256": "ab" * 32,
            "origin": "made",
            "summary": {
                name: dict.fromkeys(labels, round(share * films))
                for name, share in per_split.items()
            },
        },
        "sentences": [
            {"severity": "note", "text": probe["sentence"], "hint": ""},
            {"severity": "note", "text": "The films are 96 pixels wide.", "hint": ""},
        ],
    }


def leaky_record() -> dict:
    """A check of given splits in which copies and patients leak."""
    record = audit_record()
    record["splits"] = record["split"]["summary"]
    record["split"] = None
    record["leaks"] = [
        {
            "kind": "similar",
            "files": [f"a{i}.png", f"b{i}.png"],
            "splits": ["train", "test"],
            "sentence": "Copies of one film (turned by 7°) are in train and test.",
        }
        for i in range(3)
    ]
    record["leaks"].append(
        {
            "kind": "patient",
            "files": ["a.png", "b.png"],
            "splits": ["val", "test"],
            "sentence": "Films of the patient 7 are in val and test.",
        }
    )
    record["sentences"].insert(
        0, {"severity": "stop", "text": "8 films leak.", "hint": "Group them."}
    )
    return record


PREFLIGHT: dict[str, Any] = {
    "device": "Processor, 2 cores",
    "reason": "TensorFlow was built without CUDA. Choose PyTorch.",
    "backend": "tensorflow",
    "memory_free_bytes": 3_000_000_000,
    "memory_total_bytes": 8_000_000_000,
    "memory_needed_bytes": 1_000_000_000,
    "batch": 16,
    "batch_asked": 32,
    "seconds_per_step": 2.0,
    "films_per_s": 8.0,
    "minutes": 134.0,
    "parts": {"reading": 1.0, "head": 3.0, "fine-tuning": 128.0, "export": 2.0},
    "notes": ["The batch was halved."],
}


def change_settings(form: SettingsForm, values: dict[str, Any]) -> None:
    """Change settings by name, as the user would one after the other."""
    for name, value in values.items():
        form.rows[name].set_value(value)
        form.rows[name].value_changed.emit(name)


class StandIn:
    """Tells the child what to do, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.answer(audit_record())
        self.answer_preflight(PREFLIGHT)

    def answer(self, record: dict) -> None:
        """What the next check of films finds."""
        text = json.dumps(record)
        (self.folder / "audit.json").write_text(text, encoding="utf-8")
        split = self.folder / "split.csv"
        split.unlink(missing_ok=True)
        if record.get("split"):
            split.write_text("file,label,split\n", encoding="utf-8")

    def answer_preflight(self, record: dict) -> None:
        """What the next check of the machine finds."""
        text = json.dumps(copy.deepcopy(record))
        (self.folder / "preflight.json").write_text(text, encoding="utf-8")

    def answer_rate(self, test: RateTest) -> None:
        """What the next search for a learning rate finds."""
        text = json.dumps(to_json(test))
        (self.folder / "rate.json").write_text(text, encoding="utf-8")

    def set(self, name: str, text: str = "") -> None:
        """Leave a wish; see `tests.stand_in_core`."""
        (self.folder / name).write_text(text, encoding="utf-8")

    def unset(self, name: str) -> None:
        """Take a wish back."""
        (self.folder / name).unlink()

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of every child so far."""
        path = self.folder / "calls"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def put_stand_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """From now on children are stand-ins that do what the test says."""
    monkeypatch.setenv("HILUM_STAND_IN", str(folder))
    monkeypatch.setattr(paths, "core_command", lambda: [sys.executable, str(SCRIPT)])
    return StandIn(folder)
