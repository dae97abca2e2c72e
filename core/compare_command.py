"""`python -m core compare`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.bundle import ModelBundle, read_bundle
from core.compare import compare, not_comparable, pair_labels
from core.compare_words import comparison_text
from core.dataset import films_of_split
from core.errors import CoreError, DatasetError, OutputError, TrainingStopped
from core.evaluate import score_films
from core.events import (
    DETACH,
    JobFailed,
    JobStopped,
    JobSucceeded,
    Noted,
    Progressed,
    StageStarted,
    TrainingEvent,
    claim_stdout,
    encode_event,
)
from core.paths import atomic_write, default_bundle_dir
from core.predict import Classifier

_STAGE = "comparison"
_REPORT_EVERY_S = 0.3

Report = Callable[[TrainingEvent], None]


def run(arguments: argparse.Namespace) -> int:
    """Compare a candidate with the model in use.

    Returns:
        0, or 4 if some films could not be read.
    """
    if arguments.events:
        return _run_with_events(arguments)
    result, candidate = _compare(arguments, _narrate, threading.Event())
    print(comparison_text(result, candidate.card))  # noqa: T201 - the result
    return 4 if "cannot be read" in result["left_out"] else 0


def _run_with_events(arguments: argparse.Namespace) -> int:
    """As a child of the window: events on stdout, words on stdin."""
    events, stop = claim_stdout(), threading.Event()

    def report(event: TrainingEvent) -> None:
        events.write(encode_event(event) + "\n")

    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        if arguments.json is None:
            raise OutputError(
                "With --events the comparison needs a file to go to.",
                hint="Name it with --json.",
            )
        _compare(arguments, report, stop)
    except TrainingStopped:
        report(JobStopped())
        raise
    except CoreError as error:
        report(JobFailed(str(error), error.hint))
        raise
    report(JobSucceeded(str(arguments.json)))
    return 0


def _compare(
    arguments: argparse.Namespace, report: Report, stop: threading.Event
) -> tuple[dict[str, Any], ModelBundle]:
    """Compare, and write the JSON if a file for it was named.

    Raises:
        CoreError: A model, the films or the file cannot serve.
        TrainingStopped: `stop` was set.
    """
    target: Path | None = arguments.json
    if target is not None and target.exists() and not arguments.overwrite:
        raise OutputError(
            f"{target.name} exists already.",
            hint="Choose another name, or replace it with --overwrite.",
        )
    if not 0 <= arguments.allow_drop <= 1:
        raise DatasetError(
            "The drop to allow must be a share from 0 to 1.",
            hint="0.05 allows five films of a hundred.",
        )
    report(StageStarted("start", "Opening the models."))
    candidate = read_bundle(arguments.candidate)
    in_use = read_bundle(arguments.in_use or default_bundle_dir())
    result = {"data": arguments.data.name, "split": arguments.split}
    result |= _measured(arguments, (candidate, in_use), report, stop)
    if target is not None:
        text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
        with atomic_write(target) as partial:
            partial.write_text(text + "\n", encoding="utf-8")
    return result, candidate


def _measured(
    arguments: argparse.Namespace,
    bundles: tuple[ModelBundle, ModelBundle],
    report: Report,
    stop: threading.Event,
) -> dict[str, Any]:
    candidate, in_use = bundles
    pairing = pair_labels(candidate.card, in_use.card)
    if pairing.missing:
        refused = not_comparable(candidate, in_use, pairing, arguments.allow_drop)
        return {**refused, "left_out": {}}
    samples, left_out = films_of_split(
        arguments.data, candidate.card.label_names, arguments.split
    )
    report(StageStarted(_STAGE, f"Reading {len(samples)} films with both models."))
    known = in_use.card.label_names
    theirs = {
        label: known[column]
        for label, column in zip(
            candidate.card.label_names, pairing.columns, strict=True
        )
    }
    # Each model has its own name for a label.
    renamed = [dataclasses.replace(s, label=theirs[s.label]) for s in samples]
    progress = _Progress(report, stop, 2 * len(samples))
    first = score_films(Classifier(candidate), samples, progress.at(0))
    second = score_films(Classifier(in_use), renamed, progress.at(len(samples)))
    for file, reason in first.unreadable.items():
        report(Noted(f"Left out {file}: {reason}"))
    if first.unreadable:
        left_out["cannot be read"] = len(first.unreadable)
    report(StageStarted("evaluation", "Counting how sure the difference is."))
    result = compare(
        candidate, in_use, (first, second), allowed_drop=arguments.allow_drop
    )
    return {**result, "left_out": left_out}


class _Progress:
    """Says how many films of both models are done; ends them when asked."""

    def __init__(self, report: Report, stop: threading.Event, total: int) -> None:
        self._report = report
        self._stop = stop
        self._total = total
        self._began = time.monotonic()
        self._said_at = 0.0

    def at(self, before: int) -> Callable[[int], None]:
        """What to call with the films done after `before` others."""

        def on_film(done: int) -> None:
            if self._stop.is_set():
                raise TrainingStopped("The comparison was stopped.")
            now, all_done = time.monotonic(), before + done
            if now - self._said_at > _REPORT_EVERY_S or all_done == self._total:
                self._said_at = now
                rate = all_done / max(now - self._began, 1e-9)
                event = Progressed(_STAGE, all_done, self._total, round(rate, 2))
                self._report(event)

        return on_film


def _narrate(event: TrainingEvent) -> None:
    """Tell a person at a terminal."""
    text = ""
    if isinstance(event, StageStarted):
        text = event.detail
    elif isinstance(event, Noted):
        text = event.message
    if text:
        print(text, file=sys.stderr, flush=True)  # noqa: T201 - for people


def _listen(stop: threading.Event) -> None:
    """Stop at any word but one, or when whoever started this is gone."""
    for line in sys.stdin:
        if line.strip() == DETACH:
            return
        if line.strip():
            break
    stop.set()
