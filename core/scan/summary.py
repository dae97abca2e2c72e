"""A finished scan in figures: totals, and a measurement where labels are known."""

from __future__ import annotations

import array
import collections
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from core.evaluation.intervals import interval
from core.evaluation.metrics import (
    Resamples,
    calibration_error_with_interval,
    classification_metrics,
)
from core.films.left_out import LeftOut
from core.model.bundle import ModelCard
from core.model.card import HEALTHY
from core.model.normal import names_of, normal_note
from core.reports.text import evaluation_text
from core.scan.parity import Parity
from core.scan.row import ScanRow
from core.terminal import printable

#: Rows of the CSV hold probabilities to six places; none is taken for zero.
_SMALLEST = 5e-7
#: Films times resamples, so that a large scan is measured in seconds.
_MOST_DRAWN = 10_000_000
_MIN_RESAMPLES = 100
_MOST_RESAMPLES = 1000


@dataclasses.dataclass
class FolderCounts:
    """How the films of one label were called.

    Attributes:
        called: Label or None for uncertain -> films.
        refused: Films that were read and are not of a kind to have a verdict.
        not_read: Films that could not be read.
    """

    called: collections.Counter[str | None] = dataclasses.field(
        default_factory=collections.Counter
    )
    refused: int = 0
    not_read: int = 0

    @property
    def read(self) -> int:
        """Films with a verdict."""
        return self.called.total()

    @property
    def films(self) -> int:
        """All of them."""
        return self.read + self.refused + self.not_read


class ScanSummary:
    """Counts rows one by one, and measures at the end.

    Args:
        card: Of the model.
        label_of: File of a row -> its true label, or None where it has none.
    """

    def __init__(
        self,
        card: ModelCard,
        label_of: Callable[[str], str | None] | None = None,
    ) -> None:
        self.card = card
        self.total = FolderCounts()
        self.warned = 0
        #: How the films were computed: "float32", ...
        self.precisions: set[str] = set()
        #: True label -> how its films were called, in the card's order.
        self.by_label = {name: FolderCounts() for name in card.label_names}
        self.unlabelled = 0
        self._label_of = label_of
        #: Of a scan in a fast precision, once it has been checked.
        self.parity: Parity | None = None
        #: Of a scan that has listed its folder.
        self.left_out: LeftOut | None = None
        # Arrays: a scan may have as many films as memory has room for.
        self._truth = array.array("H")
        self._shares = array.array("f")

    @property
    def measures(self) -> bool:
        """Whether labels are known, so that there is something to measure."""
        return self._label_of is not None

    def add(self, row: ScanRow) -> None:
        """Count a row."""
        self.warned += bool(row.warnings)
        self.precisions.add(row.precision)
        counts = [self.total]
        if self._label_of is not None:
            label = self._label_of(row.file)
            if label is None:
                self.unlabelled += 1
            else:
                counts.append(self.by_label[label])
                self._keep(row, label)
        for each in counts:
            if row.error:
                each.not_read += 1
            elif row.reason:
                each.refused += 1
            else:
                each.called[row.finding] += 1

    def _keep(self, row: ScanRow, label: str) -> None:
        if row.probabilities:
            names = self.card.label_names
            self._truth.append(names.index(label))
            self._shares.extend(row.probabilities[name] for name in names)

    def evaluation(self, seed: int = 0) -> dict[str, Any] | None:
        """What the model is worth on these films.

        Returns:
            As `core.evaluation.evaluate.evaluate` gives it for films without a
            source, and `resamples`, the number behind the intervals; None where no
            labelled film was read.
        """
        if not self._truth:
            return None
        truth = np.array(self._truth, np.intp)
        shares = np.array(self._shares, np.float64).reshape(len(truth), -1)
        shares /= shares.sum(axis=1, keepdims=True)
        count = min(max(_MOST_DRAWN // len(truth), _MIN_RESAMPLES), _MOST_RESAMPLES)
        rng = np.random.default_rng(seed)
        # Each film is drawn by itself: a folder does not tell its patients.
        resamples = Resamples(
            tuple(
                rng.integers(0, len(truth), len(truth), np.intp) for _ in range(count)
            )
        )
        raw = np.maximum(shares, _SMALLEST) ** self.card.temperature
        raw /= raw.sum(axis=1, keepdims=True)
        return {
            **classification_metrics(truth, shares, self.card.label_names, resamples),
            **calibration_error_with_interval("ece", truth, shares, resamples),
            **calibration_error_with_interval(
                "ece_uncalibrated", truth, raw, resamples
            ),
            "by_source": {},
            "within_source": [],
            "unreadable": sum(each.not_read for each in self.by_label.values()),
            "resamples": count,
        }


@dataclasses.dataclass(frozen=True)
class Share:
    """A share of the films of one label, with its 95 % interval.

    Attributes:
        words: What they were called, or not called.
        count: Films.
    """

    words: str
    count: int
    share: float
    low: float
    high: float


def shares_of(counts: FolderCounts, label: str | None, card: ModelCard) -> list[Share]:
    """How the films of one label were called, in shares of those read.

    Args:
        label: The true one; None of a mixed lot. With it, the shares for which
            other diseases were not stated follow.
    """
    if not counts.read:
        return []
    names = list(card.label_names)
    if label is not None:
        names.sort(key=lambda name: name != label)
    found = [_share(f"{card.display_name(n)}", counts.called[n], counts) for n in names]
    found.append(_share("uncertain", counts.called[None], counts))
    if label is not None:
        found += [
            _share(
                f"not {card.display_name(n)}", counts.read - counts.called[n], counts
            )
            for n in names
            if n not in (label, HEALTHY)
        ]
    return found


def summary_text(summary: ScanSummary) -> str:
    """A scan's figures for the terminal."""
    total, card = summary.total, summary.card
    lines = [f"Films: {total.films:,}, with a verdict: {total.read:,}"]
    lines += _share_lines(shares_of(total, None, card))
    if total.refused:
        lines.append(f"  refused        {total.refused:>8,}")
    if total.not_read:
        lines.append(f"  not read       {total.not_read:>8,}")
    if summary.warned:
        lines.append(f"  with a warning {summary.warned:>8,}")
    if note := normal_note(names_of(card)):
        lines.append(printable(note))
    if summary.left_out is not None and summary.left_out.counts():
        lines.append(summary.left_out.in_words())
        if summary.left_out.hidden:
            lines.append("Hidden files are read with --hidden.")
    if summary.parity is not None:
        lines += ["", f"Checked: {summary.parity.in_words()}"]
    if not summary.measures:
        return "\n".join(lines)
    for label, counts in summary.by_label.items():
        if counts.films:
            lines += ["", printable(label_sentence(label, counts, card))]
    if summary.unlabelled:
        lines += ["", f"Without a label, so not measured: {summary.unlabelled:,} films"]
    result = summary.evaluation()
    if result is not None:
        lines += ["", *_notes(result), evaluation_text(result, card)]
    return "\n".join(lines)


def label_sentence(label: str, counts: FolderCounts, card: ModelCard) -> str:
    """How the films of one label were called, in a sentence."""
    found = [
        f"{each.words} {percent_of(each)}" for each in shares_of(counts, label, card)
    ]
    text = f"{card.display_name(label)} films ({counts.read:,} read"
    text += f", {counts.refused:,} refused" if counts.refused else ""
    text += f", {counts.not_read:,} not read)" if counts.not_read else ")"
    return f"{text} called {', '.join(found)}." if found else f"{text}."


def percent_of(share: Share) -> str:
    """A share with its interval, in whole per cent."""
    low, high = f"{share.low:.0%}".rstrip("%"), f"{share.high:.0%}".rstrip("%")
    return f"{share.share:.0%} ({low} to {high})".replace("%", " %")


def _notes(result: Mapping[str, Any]) -> list[str]:
    least = min(rates["n"] for rates in result["per_class"].values())
    if least >= 5:
        return []
    return ["A label has fewer than 5 films: its figures say little.", ""]


def _share(words: str, count: int, counts: FolderCounts) -> Share:
    return Share(words, count, count / counts.read, *interval(count, counts.read))


def _share_lines(shares: Sequence[Share]) -> list[str]:
    return [
        f"  {printable(each.words):<14} {each.count:>8,}   {percent_of(each)}"
        for each in shares
    ]
