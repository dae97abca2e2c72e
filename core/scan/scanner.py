"""A folder's films -> a stream of rows, past those that crash whoever reads them."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import os
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import RESUME, CoreError, DatasetError, ImageReadError, PredictionError
from core.films.finder import FilmState, FoundFilm, film_state, identity
from core.films.preprocess import to_network_input
from core.films.radiograph import Radiograph, read_radiograph
from core.films.read_ahead import FilmReader
from core.jobs.events import Noted
from core.jobs.reporters import Report
from core.model.bundle import ModelBundle, provenance
from core.model.classifier import Prediction, checked, decide, open_graph
from core.model.gate import read_gate
from core.model.lungs import Lungs, lung_finder
from core.model.precision import REFERENCE
from core.model.wording import sentence
from core.scan.crash_probe import GIVEN_UP, films_that_crash
from core.scan.in_flight import InFlightJournal
from core.scan.parity import ParityCheck
from core.scan.row import ScanRow

#: What is entered while a film is read.
Reading = Callable[[str], contextlib.AbstractContextManager[object]]

CHANGED = "The film changed after the scan had listed it."
GONE = "The film was listed, and was gone when it was to be read."
#: Decoded films that may wait for the model, beside those being decoded.
_WAITING = 8
_NO_PIXELS = np.empty((0, 0), np.uint8)


@dataclasses.dataclass(frozen=True, eq=False)
class _Loaded:
    """A film as the network takes it, and what is to be said of the file."""

    square: NDArray[np.float32]
    film: Radiograph
    state: FilmState
    lungs: Lungs | None


class FolderScanner(abc.ABC):
    """Reads the films of one folder with one model, here or elsewhere.

    Raises:
        DatasetError: There is no such folder.
    """

    #: Whether it finds by itself which film ended the program that read it.
    finds_crashes = False

    def __init__(self, bundle: ModelBundle, folder: Path, precision: str) -> None:
        self.bundle = bundle
        self.folder = folder
        self.precision = precision
        self._identity = identity(folder)

    @abc.abstractmethod
    def scan(
        self, films: Sequence[FoundFilm], check: Callable[[], None] = lambda: None
    ) -> Generator[ScanRow, None, None]:
        """Read films of the folder. Close it if left early.

        Args:
            check: Called often; may raise to stop.

        Yields:
            A row per film. One that cannot be read has its reason as `error`.

        Raises:
            DatasetError: The folder is gone, or does not answer any more.
        """

    def scan_with_quarantine(
        self,
        films: Sequence[FoundFilm],
        journal: InFlightJournal,
        *,
        report: Report,
        check: Callable[[], None],
    ) -> Generator[ScanRow, None, None]:
        """Read films; those in flight at a crash go through a probe first.

        Those that crash it come first, as rows that say so. The others may be too
        large to be read together, or have broken what a later one stumbled over: up
        to the last of them each film has its row before the next is read.

        Args:
            journal: Of the scan, and what is `reading` on this machine; it begins
                anew once that is done.
            report: Hears that films are tried.

        Yields:
            A row per film.

        Raises:
            CoreError: As `scan`.
        """
        left_behind = journal.left_behind()
        quarantined = {film.file: film for film in films if film.file in left_behind}
        if self.finds_crashes or not quarantined:
            journal.begin()
            yield from self.scan(films, check)
            return
        count = len(quarantined)
        which = "1 film; it is" if count == 1 else f"{count} films; they are"
        report(Noted(f"The scan ended while it was reading {which} tried first."))
        crashed = set()
        for file in films_that_crash(
            self.bundle, self.folder, list(quarantined), check
        ):
            # Where the folder is gone this is no matter of the film.
            self.refuse_if_gone()
            yield self.given_up(quarantined[file])
            crashed.add(file)
        journal.begin()
        rest = [film for film in films if film.file not in crashed]
        alone = max(
            (n for n, film in enumerate(rest, 1) if film.file in quarantined), default=0
        )
        for film in rest[:alone]:
            yield from self.scan([film], check)
        yield from self.scan(rest[alone:], check)

    def refuse_if_gone(self) -> None:
        """Raise DatasetError if the folder is not the one it was."""
        refuse_other_folder(self.folder, self._identity)

    def given_up(self, film: FoundFilm) -> ScanRow:
        """The row of a film that ends whoever reads it."""
        return self._row_of(film, film.state, error=GIVEN_UP)

    def _row_of(self, film: FoundFilm, state: FilmState | None, **said: Any) -> ScanRow:
        return ScanRow(
            file=film.file,
            size=state.size if state else None,
            modified=state.modified if state else "",
            **provenance(self.bundle.card, self.bundle.sha256, self.precision),
            **said,
        )


class Scanner(FolderScanner):
    """Reads them on this machine, in their order; decoding and inference overlap.

    Args:
        precision: "float32", so that two machines agree, "bfloat16", or "int8"
            where the bundle has a graph for it.
        threads: Films decoded at a time, and cores that the model takes; all
            there are if 0.
        device: What the model runs on, one of `core.model.graph.devices`.
        reading: Called with each film's file, in its thread; what it gives is
            entered while the film is read.
        parity: Of this precision; sees each film that is read.
        lungs: Whether lungs are looked for, by a model that can find them; as a
            film is made ready, while others are computed.

    Raises:
        BundleError: As `core.model.classifier.open_graph`.
        CoreError: There is no such precision.
    """

    def __init__(
        self,
        bundle: ModelBundle,
        folder: Path,
        *,
        precision: str = "float32",
        threads: int = 0,
        device: str = "CPU",
        reading: Reading = contextlib.nullcontext,
        parity: ParityCheck | None = None,
        lungs: bool = True,
    ) -> None:
        super().__init__(bundle, folder, precision)
        self._threads = threads or max(2, os.cpu_count() or 1)
        self._reading = reading
        self._parity = parity
        self._graph = open_graph(
            bundle,
            precision=precision,
            for_many=True,
            threads=threads,
            device=device,
            has_agreed=parity is not None,
        )
        self._lungs = None
        if lungs:
            exact = precision == REFERENCE
            self._lungs = lung_finder(
                bundle,
                precision=REFERENCE if exact else "bfloat16",
                for_many=True,
                threads=threads,
            )
        self._gate = read_gate(bundle, self._graph.embedding, self._lungs)

    def scan(
        self, films: Iterable[FoundFilm], check: Callable[[], None] = lambda: None
    ) -> Generator[ScanRow, None, None]:
        reader = FilmReader[FoundFilm, _Loaded](
            self._load, threads=self._threads, ahead=self._threads + _WAITING
        )
        with contextlib.closing(reader.read(films, check)) as read:
            loaded = (
                (pair, pair[1].square if isinstance(pair[1], _Loaded) else None)
                for pair in read
            )
            with contextlib.closing(self._graph.run_each(loaded)) as results:
                for (film, outcome), found in results:
                    if isinstance(outcome, _Loaded) and found is not None:
                        row = self._row(film, outcome, *found)
                        if self._parity is not None and row.probabilities:
                            self._parity.see(row, outcome.square)
                        yield row
                    elif isinstance(outcome, ImageReadError):
                        # Where the folder is gone this is no matter of the film.
                        self.refuse_if_gone()
                        yield self._failed(film, outcome)

    def _load(self, film: FoundFilm) -> _Loaded:
        """Decode a film. Called in several threads at a time."""
        path = self.folder / film.file
        with self._reading(film.file):
            radiograph = read_radiograph(path)
            try:
                state = film_state(path)
            except OSError as error:
                raise ImageReadError(GONE) from error
            square = to_network_input(radiograph, self.bundle.card.preprocess)
            lungs = None
            if self._lungs is not None and not radiograph.refused:
                lungs = self._lungs.find(radiograph)
        warnings = radiograph.warnings
        is_whole = state.size == radiograph.facts.file_bytes
        if not is_whole or film.state not in (None, state):
            warnings = (*warnings, CHANGED)
        # Only the square waits for the model: the pixels may be large.
        rest = dataclasses.replace(radiograph, pixels=_NO_PIXELS, warnings=warnings)
        return _Loaded(square[0, :, :, 0], rest, state, lungs)

    def _row(
        self,
        film: FoundFilm,
        loaded: _Loaded,
        logits: NDArray[np.float32],
        evidence: NDArray[np.float32],
        embedding: NDArray[np.float32],
    ) -> ScanRow:
        card = self.bundle.card
        prediction = Prediction(logits, evidence, embedding)
        prediction = checked(self._gate, loaded.square, prediction, loaded.lungs)
        try:
            verdict = decide(prediction, card, loaded.film)
        except PredictionError as error:
            return self._failed(film, error)
        return self._row_of(
            film,
            loaded.state,
            finding=verdict.finding,
            verdict=sentence(verdict, card),
            probabilities=verdict.probabilities,
            warnings=tuple(map(str, verdict.warnings)),
            reason=verdict.refused or "",
            heat_in_lungs=verdict.heat_in_lungs,
        )

    def _failed(self, film: FoundFilm, error: CoreError) -> ScanRow:
        state, text = film.state, f"{error} {error.hint}".rstrip()
        if isinstance(error.__cause__, FileNotFoundError) and state is not None:
            state, text = None, GONE
        return self._row_of(film, state, error=text)


def with_set(row: ScanRow, bundle: ModelBundle, coverage: float) -> ScanRow:
    """A row with the findings that cannot be left out, where the model can tell."""
    found = bundle.card.set_at(row.probabilities, coverage)
    if found is None:
        return row
    return dataclasses.replace(row, set=found, coverage=coverage)


def refuse_other_folder(
    folder: Path, known: tuple[int, int], *, then: str = ""
) -> None:
    """Raise DatasetError if a folder is not the one it was.

    Args:
        known: What `identity` said of it before.
        then: What to do once it is there again, after a comma; else to resume.
    """
    try:
        is_there = identity(folder) == known
    except DatasetError:
        is_there = False
    if not is_there:
        raise DatasetError(
            f"The folder {folder} is no longer there; what was done is kept.",
            hint=f"Connect it again{then}.",
            code="" if then else RESUME,
        )
