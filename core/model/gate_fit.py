"""Fitting a model's gate: what the films that it knows look like to it."""

from __future__ import annotations

import contextlib
import dataclasses
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from core.data.dataset import index_dataset
from core.errors import DatasetError, ImageReadError
from core.films.dicom_facts import is_lateral
from core.films.finder import find_films
from core.films.preprocess import to_network_input
from core.films.radiograph import Radiograph, read_radiograph
from core.model.bundle import ModelBundle, extend_bundle
from core.model.classifier import open_graph
from core.model.gate import GATE, OTHER, UPRIGHT, Gate
from core.model.graph import Graph
from core.model.lungs import LungFinder, Lungs, lung_finder
from core.model.seen_films import untested
from core.records import to_json

#: (size, size) in [0, 255].
Film = NDArray[Any]
#: What is done to an upright film (h, w) to learn how it looks then. Classes of
#: `core.model.gate.ORIENTATIONS` besides these need films of their own.
TURNS: Final[Mapping[str, Callable[[Film], Film]]] = {
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
#: something else than a chest film, for one that is turned, and for one without
#: lungs.
FAR: Final = 0.005
STRANGE: Final = 0.002
TURNED: Final = 0.01
UNSURE: Final = 0.002
#: Strength of the classifier's penalty is its inverse.
_C: Final = 0.01
_SEED: Final = 0


def fit_gate(
    graph: Graph,
    train: Sequence[Film],
    val: Sequence[Film],
    lateral: Sequence[Film] = (),
    other: Sequence[Film] = (),
    lungs: LungFinder | None = None,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Gate, dict[str, Any]] | None:
    """Fit a gate to a model's own films, and to where their lungs are.

    Args:
        graph: The model's.
        train, val: Upright frontal films, (size, size) in [0, 255] each, in random
            order; the first of them are taken.
        lateral: Lateral films, and
        other: pictures that are no chest film, if there are any to learn from; each
            fourth is kept to check with.
        lungs: What finds the model's lungs, if it has that.
        on_film: Called with the pictures done and all of them; may raise to stop.

    Returns:
        The gate, and what a card says of it: `train` and `val`, the number of films;
        `refused` and `warned`, shares of the upright validation films; `found`, turn
        -> share of the validation films so turned that is warned of, and `OTHER` and
        `LATERAL` -> share of those kept to check with that is refused or warned of.
        None where there are fewer than `LEAST` films to fit or to check with.
    """
    train, val = train[:MOST_TRAIN], val[:MOST_VAL]
    if min(len(train), len(val)) < LEAST:
        return None
    to_learn = {
        name: [turn(film) for film in train[:MOST_TURNED]]
        for name, turn in TURNS.items()
        if name != UPRIGHT
    }
    to_check = {name: [turn(film) for film in val] for name, turn in TURNS.items()}
    for name, films in ((LATERAL, lateral), (OTHER, other)):
        if len(films) >= LEAST:
            to_learn[name] = [film for i, film in enumerate(films) if i % 4]
            to_check[name] = list(films[::4])
    every = [*to_learn.values(), *to_check.values()]
    total, done = len(train) + sum(map(len, every)), 0

    def embed(films: Sequence[Film]) -> NDArray[np.float32]:
        nonlocal done
        found = []
        for embedding in graph.embeddings(map(_square, films)):
            found.append(embedding)
            done += 1
            on_film(done, total)
        return np.array(found)

    plain = embed(train)
    known = {UPRIGHT: plain[:MOST_TURNED]}
    known |= {name: embed(films) for name, films in to_learn.items()}
    fresh = {name: embed(films) for name, films in to_check.items()}
    gate = _fit(plain, known, fresh[UPRIGHT])

    def lungs_of(film: Film) -> Lungs | None:
        return lungs.find_in(film) if lungs is not None else None

    upright = [lungs_of(film) for film in val]
    if sure := [found.likelihood for found in upright if found is not None]:
        likelihood = np.array(np.quantile(sure, UNSURE), np.float32)
        gate = dataclasses.replace(gate, lung_likelihood=likelihood)
    gate = dataclasses.replace(gate, embed=graph.embedding, finder=lungs)
    record: dict[str, Any] = {"train": len(train), "val": len(val), "found": {}}
    for name, films in to_check.items():
        is_turned = name in TURNS and name != UPRIGHT
        most = MOST_CHECKED if is_turned else len(films)
        seen = upright if name == UPRIGHT else [lungs_of(f) for f in films[:most]]
        checks = [
            gate.check(_square(film), each, there)
            for film, each, there in zip(films, fresh[name], seen, strict=False)
        ]
        refused = np.array([bool(check.refused) for check in checks])
        warned = np.array([bool(check.warnings) for check in checks])
        if name == UPRIGHT:
            record |= {"refused": refused.mean(), "warned": warned.mean()}
        else:
            told = warned if is_turned else refused | warned
            record["found"][name] = told.mean()
    return gate, to_json(record)


def gate_in_words(record: Mapping[str, Any]) -> str:
    """What `fit_gate` says of a gate, as a sentence."""
    found = ", ".join(f"{name} {share:.1%}" for name, share in record["found"].items())
    return (
        f"Gate fitted on {record['train']:,} films; of {record['val']:,} validation "
        f"films it refuses {record['refused']:.1%} and warns of "
        f"{record['warned']:.1%}. Turned on purpose, and among pictures of other "
        f"things, it finds: {found}."
    )


def _fit(
    plain: NDArray[np.float32],
    known: Mapping[str, NDArray[np.float32]],
    upright: NDArray[np.float32],
) -> Gate:
    """Fit distance and classifier to embeddings.

    Args:
        plain: (n, k) of upright films to learn from.
        known: What a film looks like -> (n, k) to learn from.
        upright: (n, k) of upright films that thresholds are chosen on.
    """
    from sklearn.covariance import LedoitWolf
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    names = list(known)
    labels = np.repeat(np.arange(len(names)), [len(known[name]) for name in names])
    every = np.concatenate([known[name] for name in names])
    middle, scale = every.mean(axis=0), every.std(axis=0) + 1e-6
    classifier = LogisticRegression(C=_C, max_iter=3000)
    covariance = LedoitWolf(store_precision=False)  # its inverse is not needed
    # The matrices are small: threads would wait for each other.
    with threadpool_limits(1):
        covariance.fit(plain.astype(float))
        spread, axes = np.linalg.eigh(covariance.covariance_)
        classifier.fit((every - middle) / scale, labels)
    kernel = (classifier.coef_ / scale).T
    gate = Gate(
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


def _square(film: Film) -> NDArray[np.float32]:
    return np.ascontiguousarray(film, dtype=np.float32)


def add_gate(
    bundle: ModelBundle,
    data: Path,
    out: Path,
    *,
    other: Path | None = None,
    on_film: Callable[[int, int], None] = lambda done, total: None,
) -> ModelBundle:
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
        lung_finder(bundle, for_many=True),
        on_film,
    )
    if fitted is None:
        raise DatasetError(
            f"{data.name} has too few films to fit a gate: {len(films['train'])} to "
            f"learn from and {len(films['val'])} to check with.",
            hint=f"Give at least {LEAST} of each, frontal films of the kind that will "
            "be read, in splits called train and val where there are splits.",
        )
    gate, record = fitted
    with tempfile.TemporaryDirectory(prefix="hilum-gate-") as folder:
        path = Path(folder) / GATE
        gate.write(path)
        return extend_bundle(bundle, out, "gate", record, {GATE: path})


def _read(bundle: ModelBundle, data: Path) -> dict[str, list[Film]]:
    """Films to learn from and to check with, by chance, and lateral ones."""
    listed = index_dataset(data, require_all=False).samples
    order = np.random.default_rng(_SEED).permutation(len(listed))
    samples = [listed[row] for row in order]
    if not any(sample.split for sample in samples):
        samples = [
            dataclasses.replace(sample, split="train" if number % 4 else "val")
            for number, sample in enumerate(samples)
        ]
    films: dict[str, list[Film]] = {"train": [], "val": [], LATERAL: []}
    most = {"train": MOST_TRAIN, "val": MOST_VAL}
    wanted = (s for s in samples if len(films.get(s.split, ())) < most.get(s.split, 0))
    for sample, film in untested(bundle, wanted):
        is_side = is_lateral(sample.view or film.facts.view_position)
        films[LATERAL if is_side else sample.split].append(_input(bundle, film))
    return films


def _read_other(bundle: ModelBundle, folder: Path) -> list[Film]:
    listed = find_films(folder, every_file=True).films
    found = []
    for row in np.random.default_rng(_SEED).permutation(len(listed)):
        with contextlib.suppress(ImageReadError):
            film = read_radiograph(folder / listed[row].file)
            found.append(_input(bundle, film))
        if len(found) == MOST_TRAIN:
            break
    return found


def _input(bundle: ModelBundle, film: Radiograph) -> Film:
    return to_network_input(film, bundle.card.preprocess)[0, :, :, 0]
