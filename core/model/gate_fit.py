"""Fitting a model's gate: what the films that it knows look like to it."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.data.dataset import index_dataset
from core.errors import DatasetError, ImageReadError
from core.films.dicom_facts import is_lateral
from core.films.finder import find_films
from core.films.preprocess import to_network_input
from core.films.radiograph import read_radiograph
from core.model.bundle import ModelBundle, write_bundle
from core.model.classifier import open_graph
from core.model.gate import GATE, OTHER, UPRIGHT, EmbeddingGate
from core.model.graph import Graph
from core.model.seen_films import film_sha256, read_film_list

#: What is done to an upright film (h, w) to learn how it looks then. Classes of
#: `core.model.gate.ORIENTATIONS` besides these need films of their own.
TURNS: Final[Mapping[str, Callable[[NDArray[Any]], NDArray[Any]]]] = {
    UPRIGHT: lambda film: film,
    "rot90": np.rot90,
    "rot180": lambda film: np.rot90(film, 2),
    "rot270": lambda film: np.rot90(film, 3),
    "flipped": np.flipud,
    "inverted": lambda film: 255 - film,
}
LATERAL: Final = "lateral"
#: Films of each part that are looked at, at most; with fewer than the least there
#: is no gate.
MOST_TRAIN: Final = 1600
MOST_TURNED: Final = 450
MOST_VAL: Final = 600
#: Turned validation films that are read once more as mended.
MOST_CHECKED: Final = 150
LEAST: Final = 60
#: Shares of upright validation films that may lie too far away, may be taken for
#: something else than a chest film, and for one that is turned.
FAR: Final = 0.005
STRANGE: Final = 0.002
TURNED: Final = 0.01
#: Strength of the classifier's penalty is its inverse.
_C: Final = 0.01
_SEED: Final = 0


@dataclasses.dataclass(frozen=True)
class FittedGate:
    """A gate, and what it was fitted on.

    Attributes:
        train, val: Number of films.
        refused, warned: Shares of the upright validation films.
        found: Turn -> share of the validation films so turned that is warned of;
            `OTHER` -> share of other pictures, kept to check with, that is refused.
    """

    gate: EmbeddingGate
    train: int
    val: int
    refused: float
    warned: float
    found: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """As a card keeps it, without the gate itself."""
        return {
            "train": self.train,
            "val": self.val,
            "refused": self.refused,
            "warned": self.warned,
            "found": dict(self.found),
        }

    def in_words(self) -> str:
        """As a sentence."""
        found = ", ".join(f"{name} {share:.1%}" for name, share in self.found.items())
        return (
            f"Gate fitted on {self.train:,} films; of {self.val:,} validation films "
            f"it refuses {self.refused:.1%} and warns of {self.warned:.1%}. Turned on "
            f"purpose, and among pictures of other things, it finds: {found}."
        )


def fit_gate(
    graph: Graph,
    train: Sequence[NDArray[Any]],
    val: Sequence[NDArray[Any]],
    lateral: Sequence[NDArray[Any]] = (),
    other: Sequence[NDArray[Any]] = (),
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> FittedGate | None:
    """Fit a gate to the embeddings of a model's own films.

    Args:
        graph: The model's.
        train, val: Upright frontal films, (size, size) in [0, 255] each, in random
            order; the first of them are taken.
        lateral: Lateral films, and
        other: pictures that are no chest film, if there are any to learn from; each
            fourth is kept to check with.
        on_film: Called with the pictures done and all of them; may raise to stop.

    Returns:
        None where there are fewer than `LEAST` films to fit or to check with.
    """
    train, turned, val = train[:MOST_TRAIN], train[:MOST_TURNED], val[:MOST_VAL]
    if min(len(train), len(val)) < LEAST:
        return None
    more = {LATERAL: lateral, OTHER: other}
    total = len(train) + sum(map(len, more.values()))
    total += len(TURNS) * (len(turned) + len(val))
    done = 0

    def embed(films: Iterable[NDArray[Any]]) -> NDArray[np.float32]:
        nonlocal done
        found = []
        for embedding in graph.embeddings(map(_square, films)):
            found.append(embedding)
            done += 1
            on_film(done, total)
        return np.array(found)

    plain = embed(train)
    known = {name: embed(_turned(turned, name)) for name in TURNS}
    fresh = {name: embed(_turned(val, name)) for name in TURNS}
    for name, films in more.items():
        if len(films) >= LEAST:
            found = embed(films)
            held_back = np.arange(len(found)) % 4 == 0
            known[name], fresh[name] = found[~held_back], found[held_back]
    gate = _fit(plain, known, fresh[UPRIGHT])
    whole = dataclasses.replace(gate, embed=graph.embedding)
    checks = {
        name: [
            whole.check(_square(film), each, each)
            for film, each in zip(_turned(val[:most], name), fresh[name], strict=False)
        ]
        for name in TURNS
        for most in (MOST_VAL if name == UPRIGHT else MOST_CHECKED,)
    }
    found_of = {
        name: float(np.mean([bool(each.warnings) for each in checks[name]]))
        for name in TURNS
    }
    for name in set(fresh) - set(TURNS):
        said = [gate.check(plain[0], each, each) for each in fresh[name]]
        is_found = [bool(each.refused or each.warnings) for each in said]
        found_of[name] = float(np.mean(is_found))
    return FittedGate(
        gate,
        len(train),
        len(val),
        refused=float(np.mean([bool(each.refused) for each in checks[UPRIGHT]])),
        warned=found_of.pop(UPRIGHT),
        found=found_of,
    )


def _fit(
    plain: NDArray[np.float32],
    known: Mapping[str, NDArray[np.float32]],
    upright: NDArray[np.float32],
) -> EmbeddingGate:
    """Fit distance and classifier to embeddings.

    Args:
        plain: (n, k) of upright films to learn from.
        known: What a film looks like -> (n, k) to learn from.
        upright: (n, k) of upright films that thresholds are chosen on.
    """
    from sklearn.covariance import LedoitWolf
    from sklearn.linear_model import LogisticRegression

    spread, axes = np.linalg.eigh(LedoitWolf().fit(plain.astype(float)).covariance_)
    names = list(known)
    labels = np.repeat(np.arange(len(names)), [len(known[name]) for name in names])
    every = np.concatenate([known[name] for name in names])
    middle, scale = every.mean(axis=0), every.std(axis=0) + 1e-6
    classifier = LogisticRegression(C=_C, max_iter=3000)
    classifier.fit((every - middle) / scale, labels)
    kernel = (classifier.coef_ / scale).T
    gate = EmbeddingGate(
        mean=plain.mean(axis=0),
        # Of a dead unit nothing is known, and nothing is asked.
        whiten=(axes / np.sqrt(np.maximum(spread, 1e-9))).astype(np.float32),
        threshold=np.array(np.inf, np.float32),
        orientation_kernel=kernel.astype(np.float32),
        orientation_bias=(classifier.intercept_ - middle @ kernel).astype(np.float32),
        orientation_names=np.array(names),
        orientation_thresholds=np.ones(len(names), np.float32),
    )
    shares = gate.shares(upright)
    is_turn = np.array([name not in (UPRIGHT, OTHER) for name in names])
    likeliest_turn = np.where(is_turn, shares, 0).max(axis=1)
    thresholds = np.full(len(names), np.quantile(likeliest_turn, 1 - TURNED))
    if OTHER in known:
        other = names.index(OTHER)
        # Without a turn of its own to win back, it has to be likelier than not.
        thresholds[other] = max(0.5, np.quantile(shares[:, other], 1 - STRANGE))
    threshold = np.quantile(gate.distances(upright), 1 - FAR)
    return dataclasses.replace(
        gate,
        threshold=np.array(threshold, np.float32),
        orientation_thresholds=thresholds.astype(np.float32),
    )


def _turned(films: Sequence[NDArray[Any]], name: str) -> Iterator[NDArray[Any]]:
    return (TURNS[name](film) for film in films)


def _square(film: NDArray[Any]) -> NDArray[np.float32]:
    return np.ascontiguousarray(film, dtype=np.float32)


def add_gate(
    bundle: ModelBundle,
    data: Path,
    out: Path,
    *,
    other: Path | None = None,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[ModelBundle, FittedGate]:
    """Make a bundle with a gate out of one that has none, or another.

    Fitted on the films that the data calls train, checked on those it calls val.
    Where it names no splits a quarter is kept to check with. Films that the model
    was tested on are left out.

    Args:
        data: A folder with a subfolder per label, or a manifest. Where its films
            are known to be lateral views, the gate learns to tell these too.
        out: Folder to make.
        other: A folder of pictures that are no chest film, to learn from too.
        on_film: As `fit_gate`.

    Raises:
        DatasetError: There are too few films.
        BundleError: The graph cannot be used.
        OutputError: The bundle cannot be written.
    """
    films = _read(bundle, data)
    fitted = fit_gate(
        open_graph(bundle, for_many=True),
        films["train"],
        films["val"],
        films[LATERAL],
        _read_other(bundle, other) if other is not None else (),
        on_film,
    )
    if fitted is None:
        raise DatasetError(
            f"{data.name} has too few films to fit a gate: {len(films['train'])} to "
            f"learn from and {len(films['val'])} to check with.",
            hint=f"Give at least {LEAST} of each, frontal films of the kind that will "
            "be read, in splits called train and val where there are splits.",
        )
    card = bundle.card
    card = msgspec.structs.replace(
        card, training={**card.training, "gate": fitted.to_json()}
    )
    parts = {name: bundle.path / name for name in card.files}
    with tempfile.TemporaryDirectory(prefix="hilum-gate-") as folder:
        parts[GATE] = write_gate(Path(folder), fitted.gate)
        return write_bundle(out, card, parts), fitted


def write_gate(folder: Path, gate: EmbeddingGate) -> Path:
    """Write the file that a bundle has its gate in."""
    path = folder / GATE
    path.write_bytes(gate.to_bytes())
    return path


def _read(bundle: ModelBundle, data: Path) -> dict[str, list[NDArray[np.float32]]]:
    """Films to learn from and to check with, by chance, and lateral ones."""
    samples = list(index_dataset(data, require_all=False).samples)
    tested_on = read_film_list(bundle) or {}
    has_splits = any(sample.split for sample in samples)
    most = {"train": MOST_TRAIN, "val": MOST_VAL, LATERAL: MOST_TRAIN}
    films: dict[str, list[NDArray[np.float32]]] = {name: [] for name in most}
    for number, row in enumerate(
        np.random.default_rng(_SEED).permutation(len(samples))
    ):
        sample = samples[row]
        part = sample.split if has_splits else ("val" if number % 4 == 0 else "train")
        if part not in ("train", "val") or len(films[part]) >= most[part]:
            continue
        if tested_on and tested_on.get(film_sha256(sample.path)) == "test":
            continue
        with contextlib.suppress(ImageReadError):
            film = read_radiograph(sample.path)
            view = sample.view or film.facts.view_position
            part = LATERAL if is_lateral(view) else part
            square = to_network_input(film, bundle.card.preprocess)[0, :, :, 0]
            films[part].append(square)
    return films


def _read_other(bundle: ModelBundle, folder: Path) -> list[NDArray[np.float32]]:
    found = []
    for film in find_films(folder, every_file=True).films:
        with contextlib.suppress(ImageReadError):
            picture = read_radiograph(folder / film.file)
            square = to_network_input(picture, bundle.card.preprocess)
            found.append(square[0, :, :, 0])
    order = np.random.default_rng(_SEED).permutation(len(found))
    return [found[row] for row in order[:MOST_TRAIN]]
