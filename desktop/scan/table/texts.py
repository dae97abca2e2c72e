"""Texts of many rows: kept once each, in order, and quick to search."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_DIGITS: Final = re.compile(r"\d+", re.ASCII)

Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]


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
    """

    def __init__(self) -> None:
        self._keys: list[str] = []
        self._ids: Ids = np.empty(0, np.int64)
        self._ranks: Ids | None = None

    @property
    def ids(self) -> Ids:
        """(n,) int64: the ids, the least key first; equal ones as they came."""
        return self._ids

    @property
    def ranks(self) -> Ids:
        """(n,) int64: the place of each id among the others."""
        if self._ranks is None:
            self._ranks = np.empty_like(self._ids)
            self._ranks[self._ids] = np.arange(len(self._ids))
        return self._ranks

    def add(self, keys: Sequence[str]) -> None:
        """Give the next ids to these keys."""
        fresh = sorted(range(len(keys)), key=keys.__getitem__)
        merged: list[str] = []
        places = np.empty(len(fresh), np.int64)
        done = 0
        for number, which in enumerate(fresh):
            place = bisect.bisect_right(self._keys, keys[which], lo=done)
            merged += self._keys[done:place]
            merged.append(keys[which])
            places[number] = done = place
        merged += self._keys[done:]
        ids = np.asarray(fresh, np.int64) + len(self._ids)
        self._ids = np.insert(self._ids, places, ids)
        self._keys = merged
        self._ranks = None


class TextPool:
    """Different texts, each kept once under a number of its own."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._numbers: dict[str, int] = {}
        self._folded: list[str] = []
        self._sorted = SortedIds()

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, number: int) -> str:
        return self._texts[number]

    @property
    def ranks(self) -> Ids:
        """(n,) int64: the place of each text, naturally sorted."""
        return self._sorted.ranks

    def numbers(self, texts: Sequence[str]) -> list[int]:
        """The number of each text; what is new is taken in."""
        known = self._numbers
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            for text in fresh:
                known[text] = len(known)
            self._texts += fresh
            self._folded += map(folded, fresh)
            self._sorted.add([natural_key(text) for text in fresh])
        return [known[text] for text in texts]

    def holding(self, part: str) -> Mask:
        """(n,) bool: which texts hold a part that has been folded."""
        return np.fromiter((part in text for text in self._folded), bool, len(self))


def folded(text: str) -> str:
    """A text without its upper case; itself where it has none, to save memory."""
    small = text.casefold()
    return text if small == text else small
