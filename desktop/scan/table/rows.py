"""The rows of a scan, stored by columns: small, and quick to sort and filter."""

from __future__ import annotations

import array
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import NOT_USABLE
from core.model.bundle import Label
from core.model.card import set_in_words
from core.scan.labels import LabelOf
from core.scan.row import ScanRow
from core.scan.triage import disease_probability, triage_key, why_here
from core.words import percent

#: True label of a film of which none is known.
NO_TRUTH: Final = -1
#: Between the warnings of a film, where they are one text.
BETWEEN: Final = "\n"
_DIGITS: Final = re.compile(r"\d+", re.ASCII)

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]


def numbers_of(labels: int) -> np.dtype[Any]:
    """The numbers of a row, for a model with so many labels.

    finding: Number of a label; then come "uncertain", "refused" and "not read".
    truth: Number of the true label; then comes "not usable"; `NO_TRUTH` where none is
        known.
    warnings: How many there are.
    disease: Probability of any disease; NaN where there is no verdict.
    size: Of the file, bytes; 0 where it is not known.
    heat: Share of the evidence that lies in the lungs; NaN where it is not known.
    triage: Group and what to triage by in it, the least first.
    shares: Probability of each label; NaN where there is no verdict.
    """
    return np.dtype(
        [
            ("finding", np.int16),
            ("truth", np.int16),
            ("warnings", np.int16),
            ("disease", np.float64),
            ("size", np.int64),
            ("heat", np.float64),
            ("triage", np.float64, (3,)),
            ("shares", np.float64, (labels,)),
        ]
    )


class RowStore:
    """All rows of a scan so far. A row is known by its number, which never changes.

    Attributes:
        labels: Of the model, in output order.
        points: Its operating points, likewise; none where they are not known.
        uncertain, refused, not_read: Findings of films without one of the model's.
        files: Relative to the folder scanned.
        gone: Rows of films that are not there any more -> what became of them.
        corrections: File -> its label, as a person corrected it.
        verdicts, warnings, errors: The texts of all rows.
        whys: Why each stands where it does in triage order.
        sets: Findings that cannot be left out, in words; empty where the scan made
            no set.
        by_file: The rows by their file, as people sort.
        by_name: The rows by the bare name of their file, as `triage_key` sorts.
    """

    def __init__(
        self,
        labels: Sequence[Label] = (),
        points: Sequence[float] = (),
        *,
        label_of: LabelOf = lambda file: None,
    ) -> None:
        """Make room for rows of a model with these labels.

        Args:
            label_of: Tells the true label of a film.
        """
        self.labels = tuple(labels)
        self.points = tuple(points) if len(points) == len(self.labels) else ()
        self.corrections: Mapping[str, str] = {}
        self._label_of = label_of
        self.uncertain, self.refused, self.not_read = (
            len(self.labels) + n for n in range(3)
        )
        self.files: list[str] = []
        self.gone: dict[int, str] = {}
        self.verdicts, self.warnings, self.errors = TextPool(), TextPool(), TextPool()
        self.sets, self.whys = TextPool(), TextPool()
        self.by_file, self.by_name = SortedIds(), SortedIds()
        self._names = {label.name: label.display_name for label in self.labels}
        self._truths = {name: n for n, name in enumerate((*self._names, NOT_USABLE))}
        self._folded_files: list[str] = []
        # More room than is used, so that few additions copy what is there.
        self._room = np.empty(1024, numbers_of(len(self.labels)))

    def __len__(self) -> int:
        return len(self.files)

    @property
    def numbers(self) -> NDArray[Any]:
        """(n,), as `numbers_of`."""
        return self._room[: len(self)]

    @property
    def findings(self) -> NDArray[np.int16]:
        """(n,) int16, 0 to `not_read`."""
        findings: NDArray[np.int16] = self.numbers["finding"]
        return findings

    @property
    def truths(self) -> NDArray[np.int16]:
        """(n,) int16, `NO_TRUTH` to the number of labels, which is "not usable"."""
        truths: NDArray[np.int16] = self.numbers["truth"]
        return truths

    @property
    def has_truths(self) -> bool:
        """Whether the true label of any film is known."""
        return bool((self.truths != NO_TRUTH).any())

    @property
    def wrong(self) -> Mask:
        """(n,) bool: a finding is stated that is not the true label."""
        known = (self.truths >= 0) & (self.truths < len(self.labels))
        stated = self.findings < len(self.labels)
        return known & stated & (self.truths != self.findings)

    def set_corrections(self, corrections: Mapping[str, str]) -> None:
        """Take over what a person says of films now, and not what was said before."""
        changed = self.corrections.keys() | corrections.keys()
        self.corrections = corrections
        for row, file in enumerate(self.files) if changed else ():
            if file in changed:
                self._room["truth"][row] = self._truth_of(file)

    def _truth_of(self, file: str) -> int:
        name = self.corrections.get(file) or self._label_of(file)
        return self._truths.get(name or "", NO_TRUTH)

    def share(self, row: int, label: int) -> float | None:
        """Probability of a label; None where there is no verdict."""
        share = float(self._room["shares"][row, label])
        return None if np.isnan(share) else share

    def percent(self, row: int, label: int) -> str:
        """That probability for people; empty where there is no verdict."""
        share = self.share(row, label)
        point = self.points[label] if self.points else None
        return percent(share, point) if share is not None else ""

    def warnings_of(self, row: int) -> list[str]:
        """Why to doubt the verdict."""
        text = self.warnings[row]
        return text.split(BETWEEN) if text else []

    def append(self, rows: Sequence[ScanRow]) -> None:
        """Add rows, about ten microseconds each; the others keep their numbers."""
        used, needed = len(self), len(self) + len(rows)
        if needed > len(self._room):
            self._room = np.resize(self._room, 2 * needed)
        numbers = [self._numbers_of(row) for row in rows]
        self._room[used:needed] = np.array(numbers, self._room.dtype)
        files = [row.file for row in rows]
        self.files += files
        self._folded_files += map(folded, files)
        self.by_file.add([natural_key(file) for file in files])
        self.by_name.add(files)
        self.verdicts.add([row.verdict for row in rows])
        self.sets.add([self._set_of(row) for row in rows])
        self.whys.add([why_here(row, self._names) for row in rows])
        self.warnings.add([BETWEEN.join(row.warnings) for row in rows])
        self.errors.add([row.error for row in rows])

    def _numbers_of(self, row: ScanRow) -> tuple[object, ...]:
        finding, disease = self.refused if row.refused else self.not_read, np.nan
        shares = [np.nan] * len(self.labels)
        if row.probabilities:
            names = list(self._names)
            is_stated = row.finding is not None
            finding = names.index(row.finding) if is_stated else self.uncertain
            # To the digits of the file: 1 - 0.07 is to count as 93 per cent.
            disease = round(disease_probability(row.probabilities), 6)
            shares = [row.probabilities[name] for name in names]
        warnings, size = len(row.warnings), row.size or 0
        heat = np.nan if row.heat_in_lungs is None else row.heat_in_lungs
        numbers = (finding, self._truth_of(row.file), warnings, disease, size, heat)
        return (*numbers, triage_key(row)[:3], shares)

    def _set_of(self, row: ScanRow) -> str:
        if row.coverage is None:
            return ""
        words = set_in_words(row.set, self._names)
        return words[:1].upper() + words[1:]

    def holding(self, part: str) -> Mask:
        """(n,) bool: rows with a text that holds `part`, whatever its case."""
        part = part.casefold()
        files = self._folded_files
        found = np.fromiter((part in file for file in files), bool, len(files))
        for pool in (self.verdicts, self.warnings, self.errors):
            found |= pool.holding(part)
        return found

    def counts(self) -> list[int]:
        """How many rows have each finding, up to `not_read`."""
        return np.bincount(self.findings, minlength=self.not_read + 1).tolist()


def natural_key(text: str) -> str:
    """What a text sorts by, so that film 9 comes before film 10.

    Upper and lower case are one; each number is led by how long it is.
    """
    return _DIGITS.sub(_led_by_length, text.casefold())


def _led_by_length(found: re.Match[str]) -> str:
    digits = found[0].lstrip("0")
    nines, rest = divmod(len(digits), 9)
    return "9" * nines + str(rest) + digits


class SortedIds:
    """Ids in the order of their keys, kept so as more come.

    What comes is sorted by itself and merged: a hundred thousand that are there
    already cost no comparison each.

    Attributes:
        ids: (n,) int64, the least key first; equal ones as they came.
    """

    def __init__(self) -> None:
        self.ids: Ids = np.empty(0, np.int64)
        self._keys: NDArray[np.object_] = np.empty(0, object)

    @property
    def ranks(self) -> Ids:
        """(n,) int64: the place of each id among the others."""
        ranks = np.empty_like(self.ids)
        ranks[self.ids] = np.arange(len(self.ids))
        return ranks

    def add(self, keys: Sequence[str]) -> None:
        """Give the next ids to these keys."""
        order = sorted(range(len(keys)), key=keys.__getitem__)
        fresh = np.array([keys[n] for n in order], object)
        places = np.searchsorted(self._keys, fresh, side="right")
        ids = np.array(order, np.int64) + len(self.ids)
        self.ids = np.insert(self.ids, places, ids)
        self._keys = np.insert(self._keys, places, fresh)


class TextPool:
    """A text for each row, of which there are few different ones: each kept once."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._folded: list[str] = []
        self._numbers: dict[str, int] = {}
        self._sorted = SortedIds()
        self._codes = array.array("i")

    def __getitem__(self, row: int) -> str:
        return self._texts[self._codes[row]]

    @property
    def has_any(self) -> bool:
        """Whether any row has a text."""
        return any(self._texts)

    @property
    def ranks(self) -> NDArray[np.float64]:
        """(n,) the place of each row's text, naturally sorted; NaN for an empty one."""
        ranks = self._sorted.ranks.astype(np.float64)
        if "" in self._numbers:
            ranks[self._numbers[""]] = np.nan
        return ranks[np.array(self._codes)]

    def add(self, texts: Sequence[str]) -> None:
        """Give the next rows these texts."""
        known = self._numbers
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        for text in fresh:
            known[text] = len(known)
        self._texts += fresh
        self._folded += map(folded, fresh)
        self._sorted.add([natural_key(text) for text in fresh])
        self._codes.extend(known[text] for text in texts)

    def holding(self, part: str) -> Mask:
        """(n,) bool: rows whose text holds a part that has been folded."""
        found = [part in text for text in self._folded]
        return np.array(found, bool)[np.array(self._codes)]


def folded(text: str) -> str:
    """A text without its upper case; itself where it has none, to save memory."""
    small = text.casefold()
    return text if small == text else small
