"""The rows of a scan, stored by columns: small, and quick to sort and filter."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.scan.row import ScanRow
from core.scan.triage import disease_share, triage_key
from desktop.scan.table.texts import Ids, Mask, SortedIds, TextPool, folded, natural_key

#: Between the warnings of a film, where they are one text.
BETWEEN: Final = "\n"

_Numbers = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class RowBlock:
    """Some rows of a scan, made ready for `ScanColumns` outside the GUI thread.

    Attributes:
        files: Relative to the folder scanned.
        file_keys: What the files sort by.
        file_words: What a search in the files looks at.
        verdicts, warnings, errors: Texts; empty where there is none.
        findings: (n,) int16: number of the label; see `ScanColumns`.
        warning_counts: (n,) int16.
        shares: (n, c) float64 probabilities; NaN where not read.
        disease: (n,) float64, probability of any disease; NaN where not read.
        triage: (n, 2) float64: the numbers that the rows are triaged by.
    """

    files: list[str]
    file_keys: list[str]
    file_words: list[str]
    verdicts: list[str]
    warnings: list[str]
    errors: list[str]
    findings: NDArray[np.int16]
    warning_counts: NDArray[np.int16]
    shares: _Numbers
    disease: _Numbers
    triage: _Numbers

    def __len__(self) -> int:
        return len(self.files)

    @classmethod
    def of(cls, rows: Sequence[ScanRow], labels: Sequence[str]) -> RowBlock:
        """Turn rows into columns. About ten microseconds a row; in any thread.

        Args:
            rows: In the order they came.
            labels: Names of the model's labels, in output order.
        """
        nothing = [np.nan] * len(labels)
        shares = [
            [row.probabilities[name] for name in labels]
            if row.probabilities
            else nothing
            for row in rows
        ]
        disease = [
            disease_share(row.probabilities) if row.probabilities else np.nan
            for row in rows
        ]
        files = [row.file for row in rows]
        return cls(
            files=files,
            file_keys=[natural_key(file) for file in files],
            file_words=[folded(file) for file in files],
            verdicts=[row.verdict for row in rows],
            warnings=[BETWEEN.join(row.warnings) for row in rows],
            errors=[row.error for row in rows],
            findings=np.array([_finding(row, labels) for row in rows], np.int16),
            warning_counts=np.array([len(row.warnings) for row in rows], np.int16),
            shares=np.array(shares, np.float64).reshape(len(rows), len(labels)),
            # To the digits of the file: 1 - 0.07 is to count as 93 per cent.
            disease=np.round(np.array(disease, np.float64), 6),
            triage=np.array([triage_key(row)[:2] for row in rows], np.float64).reshape(
                len(rows), 2
            ),
        )

    def part(self, start: int, stop: int) -> RowBlock:
        """Some of the rows."""
        cut = slice(start, stop)
        return RowBlock(
            **{
                field.name: getattr(self, field.name)[cut]
                for field in dataclasses.fields(self)
            }
        )


def _finding(row: ScanRow, labels: Sequence[str]) -> int:
    if row.finding is not None:
        return labels.index(row.finding)
    return len(labels) if row.probabilities else len(labels) + 1


class ScanColumns:
    """All rows of a scan so far. A row is known by its number, which never changes.

    A finding is the number of a label; then come `uncertain` and `not_read`.

    Args:
        labels: How many labels the model has.

    Attributes:
        files: Relative to the folder scanned.
        gone: Rows of films that are not there any more -> what became of them.
    """

    def __init__(self, labels: int) -> None:
        self.labels = labels
        self.files: list[str] = []
        self.gone: dict[int, str] = {}
        self.verdicts = TextPool()
        self.warnings = TextPool()
        self.errors = TextPool()
        self._file_words: list[str] = []
        self._by_file = SortedIds()  # as people sort
        self._by_name = SortedIds()  # as `triage_key` does
        self._codes = _Growing(3, np.int32)
        self._kinds = _Growing(2, np.int16)
        self._numbers = _Growing(labels + 3, np.float64)

    def __len__(self) -> int:
        return len(self.files)

    @property
    def uncertain(self) -> int:
        """The finding of a film that was read and has none."""
        return self.labels

    @property
    def not_read(self) -> int:
        """The finding of a film that could not be read."""
        return self.labels + 1

    @property
    def findings(self) -> NDArray[np.int16]:
        """(n,) int16, 0 to `not_read`."""
        return self._kinds.values[:, 0]

    @property
    def warning_counts(self) -> NDArray[np.int16]:
        """(n,) int16."""
        return self._kinds.values[:, 1]

    @property
    def shares(self) -> _Numbers:
        """(n, c) float64 probabilities; NaN where not read."""
        return self._numbers.values[:, : self.labels]

    @property
    def disease(self) -> _Numbers:
        """(n,) float64, probability of any disease; NaN where not read."""
        return self._numbers.values[:, self.labels]

    @property
    def triage(self) -> _Numbers:
        """(n, 2) float64: what to triage by, the least first."""
        return self._numbers.values[:, self.labels + 1 :]

    @property
    def by_name(self) -> Ids:
        """(n,) int64: the rows by the bare name of their file."""
        return self._by_name.ids

    @property
    def by_file(self) -> Ids:
        """(n,) int64: the rows by their file, naturally sorted."""
        return self._by_file.ids

    @property
    def verdict_ranks(self) -> Ids:
        """(n,) int64: the place of each row's verdict."""
        return self.verdicts.ranks[self._codes.values[:, 0]]

    @property
    def warning_ranks(self) -> Ids:
        """(n,) int64: the place of each row's warnings."""
        return self.warnings.ranks[self._codes.values[:, 1]]

    @property
    def error_ranks(self) -> Ids:
        """(n,) int64: the place of each row's error; none comes first."""
        return self.errors.ranks[self._codes.values[:, 2]]

    def verdict(self, row: int) -> str:
        """The sentence; empty where not read."""
        return self.verdicts[int(self._codes.values[row, 0])]

    def warnings_of(self, row: int) -> list[str]:
        """Why to doubt the verdict."""
        text = self.warnings[int(self._codes.values[row, 1])]
        return text.split(BETWEEN) if text else []

    def error(self, row: int) -> str:
        """Why the film was not read; empty where it was."""
        return self.errors[int(self._codes.values[row, 2])]

    def append(self, block: RowBlock) -> None:
        """Add rows; those that are there keep their numbers."""
        self.files += block.files
        self._file_words += block.file_words
        self._by_file.add(block.file_keys)
        self._by_name.add(block.files)
        codes = (
            self.verdicts.numbers(block.verdicts),
            self.warnings.numbers(block.warnings),
            self.errors.numbers(block.errors),
        )
        self._codes.append(np.array(codes, np.int32).T)
        self._kinds.append(np.stack([block.findings, block.warning_counts], axis=1))
        self._numbers.append(
            np.concatenate(
                [block.shares, block.disease[:, np.newaxis], block.triage], axis=1
            )
        )

    def holding(self, part: str) -> Mask:
        """(n,) bool: rows with a text that holds `part`, whatever its case."""
        part = part.casefold()
        words = self._file_words
        found = np.fromiter((part in word for word in words), bool, len(words))
        for column, pool in enumerate((self.verdicts, self.warnings, self.errors)):
            found |= pool.holding(part)[self._codes.values[:, column]]
        return found

    def counts(self) -> list[int]:
        """How many rows have each finding, up to `not_read`."""
        return np.bincount(self.findings, minlength=self.not_read + 1).tolist()


class _Growing:
    """A table of numbers that more rows are added to without copying it each time."""

    def __init__(self, columns: int, kind: type[np.generic]) -> None:
        self._room = np.empty((1024, columns), kind)
        self._used = 0

    @property
    def values(self) -> NDArray[Any]:
        return self._room[: self._used]

    def append(self, rows: NDArray[Any]) -> None:
        needed = self._used + len(rows)
        if needed > len(self._room):
            room = np.empty((2 * needed, self._room.shape[1]), self._room.dtype)
            room[: self._used] = self.values
            self._room = room
        self._room[self._used : needed] = rows
        self._used = needed
