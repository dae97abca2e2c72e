"""The precision of a scan; how far a fast one agrees with float32, on its films."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.errors import ImageReadError, OutputError, PredictionError
from core.evaluation.intervals import interval
from core.films.finder import film_state
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.films.read_ahead import FilmReader
from core.model.bundle import ModelBundle
from core.model.classifier import Prediction, decide, open_graph, stated
from core.model.precision import FAST, REFERENCE, fastest
from core.scan.results import read_rows
from core.scan.row import ScanRow
from core.words import films as in_films

#: Films below which float32 is taken: another precision opens a second graph, and
#: has to be compared.
LEAST_FILMS: Final = 50
#: Films that are read in both precisions, at most.
MAX_FILMS: Final = 200
#: Share of a scan's processor time that the comparison may take.
TIME_SHARE: Final = 0.02
#: Films of a scan from which it has time to find out what comparing one takes.
_WORTH_TIMING: Final = 200
#: Width of the 95 % interval of films with another verdict at which it is enough.
_NARROW: Final = 0.025


def precision_of_scan(
    asked: str, bundle: ModelBundle, *, begun: Path | None, films: int | None
) -> str:
    """The precision to read films in.

    Args:
        asked: One of `core.model.precision.CHOICES`.
        bundle: To read them with.
        begun: File of a scan to go on with: *fast* keeps to what its rows are in.
        films: That there are; None where more may come.

    Raises:
        BundleError: As `core.model.precision.fastest`.
    """
    if asked != FAST:
        return asked
    if begun is not None and begun.is_file():
        # What is wrong with the file is said where it is opened.
        with contextlib.suppress(OutputError):
            for row in read_rows(begun, bundle.card.label_names):
                return row.precision
    return REFERENCE if films is not None and films < LEAST_FILMS else fastest(bundle)


@dataclasses.dataclass(frozen=True)
class Parity:
    """How far the precision of a scan agrees with float32, on so many films.

    Attributes:
        largest: Difference of a probability.
        differing: Films with another finding.
    """

    precision: str
    films: int
    largest: float
    differing: int

    def in_words(self) -> str:
        """As a sentence, for notes and reports."""
        films = in_films(self.films)
        verdicts = f"verdict differs for {self.differing:,}"
        if not self.differing:
            verdicts = "no verdict differs"
        low, high = (100 * share for share in interval(self.differing, self.films))
        return (
            f"{self.precision} against {REFERENCE} on {films}: largest difference "
            f"of a probability {self.largest:.3f}, {verdicts} (95 % interval: "
            f"{low:.1f} to {high:.1f} % of films)."
        )

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, with the sentence as `in_words`."""
        return {
            "precision": self.precision,
            "reference": REFERENCE,
            "films": self.films,
            "largest_difference": self.largest,
            "verdicts_that_differ": self.differing,
            "share_that_differs_ci": list(interval(self.differing, self.films)),
            "in_words": self.in_words(),
        }


class ParityCheck:
    """Reads some films of a scan in float32 too, for a share of its processor time.

    Processor time, since others' work on the machine lengthens that little, and the
    scan goes on while a film is compared.

    It is given each film as the network took it, so that none is decoded twice,
    and takes those that it has time for, spread over the scan: one at least, and
    no more once the interval of films with another verdict is narrow.

    Args:
        time_share: Of the processor time since this was made.

    Attributes:
        graph: The model's graph in float32.
        spent_s: Processor time of the comparison so far. Opening that graph is no
            part of it: a fast precision needs it in any case.

    Raises:
        BundleError: As `core.model.classifier.open_graph`.
    """

    def __init__(
        self, bundle: ModelBundle, precision: str, *, time_share: float = TIME_SHARE
    ) -> None:
        self._began = time.process_time()
        self.graph = open_graph(bundle)
        self._card = bundle.card
        self._precision = precision
        self._every = 1
        self._time_share = self._now_share = time_share
        self._seen = self._films = self._differing = 0
        self._largest = self.spent_s = 0.0
        self._film_s = float("inf")  # not known

    def expect(self, films: int, before: int) -> None:
        """Say how many films there are, before the scan begins.

        Args:
            films: That are to be read now.
            before: That were read elsewhere or by an earlier run, and need their
                part of the time, for `see_again`.
        """
        self._every = max(1, (films + before) // MAX_FILMS)
        self._now_share = self._time_share * (1 - before / max(1, films + before))
        if films >= _WORTH_TIMING:  # now: nothing else is computed yet
            size = self._card.preprocess.size
            began = time.process_time()
            self.graph.run(np.zeros((1, size, size, 1), np.float32))
            self._film_s = self.spent_s = time.process_time() - began

    @property
    def result(self) -> Parity | None:
        """What has been found so far; None where there was no film to compare."""
        if not self._films:
            return None
        return Parity(self._precision, self._films, self._largest, self._differing)

    def see(self, row: ScanRow, square: NDArray[np.float32]) -> None:
        """Compare a film that has just been read, where it is its turn.

        Args:
            square: (size, size) float32 in [0, 255].
        """
        self._seen += 1
        is_due = self._seen % self._every == 0
        if is_due and self._has_time(self._now_share, self._film_s):
            began = time.process_time()
            self._compare(row, square)
            # Other films are computed meanwhile.
            self.spent_s += min(time.process_time() - began, self._film_s)

    def see_again(
        self,
        rows: Iterable[ScanRow],
        count: int,
        folder: Path,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Compare films that were read elsewhere or by an earlier run.

        They are decoded once more, which counts as time spent. Those that have
        changed, or can no longer be read, are left out.

        Args:
            rows: Of this precision.
            count: How many of them to choose among, from the first on.

        Raises:
            DatasetError: The folder does not answer.
        """

        def load(row: ScanRow) -> NDArray[np.float32]:
            path = folder / row.file
            film = read_radiograph(path)
            try:
                state = film_state(path)
            except OSError as error:
                raise ImageReadError("The film is gone.") from error
            if row.stamp != state.stamp:
                raise ImageReadError("The film has changed.")
            return to_network_input(film, self._card.preprocess)[0, :, :, 0]

        order = _spread(count)
        wanted = set(order)
        chosen = {
            place: row
            for place, row in zip(range(count), rows, strict=False)
            if place in wanted and row.probabilities
        }
        again = [chosen[place] for place in order if place in chosen]
        reader = FilmReader[ScanRow, NDArray[np.float32]](load, threads=1, ahead=1)
        began, spent_s = time.process_time(), self.spent_s
        with contextlib.closing(reader.read(again, check)) as read:
            for done, (row, square) in enumerate(read, start=1):
                if not isinstance(square, ImageReadError):
                    self._compare(row, square)
                took = time.process_time() - began
                self.spent_s = spent_s + took
                if not self._has_time(self._time_share, took / done):
                    return

    def _has_time(self, share: float, film_s: float) -> bool:
        if not self._films:
            return True
        low, high = interval(self._differing, self._films)
        if self._films >= MAX_FILMS or high - low < _NARROW:
            return False
        return self.spent_s + film_s <= share * (time.process_time() - self._began)

    def _compare(self, row: ScanRow, square: NDArray[np.float32]) -> None:
        logits, evidence, embedding = self.graph.run(
            square[np.newaxis, ..., np.newaxis]
        )
        prediction = Prediction(logits[0], evidence[0], embedding[0])
        try:
            verdict = decide(prediction, self._card)
        except PredictionError:
            return
        self._films += 1
        # A film in doubt has none for what was found besides the probabilities.
        finding = row.finding or stated(row.probabilities, self._card)
        self._differing += finding != verdict.finding
        gaps = (abs(p - row.probabilities[n]) for n, p in verdict.probabilities.items())
        self._largest = max(self._largest, *gaps)


def _spread(count: int) -> list[int]:
    """Places of `count` rows, so ordered that any first few lie far apart.

    Steps of the golden ratio leave the largest gaps first.
    """
    step = (5**0.5 - 1) / 2
    places = dict.fromkeys(int(n * step % 1 * count) for n in range(1, 4 * MAX_FILMS))
    return list(places)[:MAX_FILMS]
