"""The model bundle: a folder that describes itself."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import __version__
from core.errors import BundleError
from core.files import atomic_folder
from core.films.preprocess import PreprocessSpec, spec_from_json
from core.json_file import read_json
from core.outputs import file_names
from core.regular_file import NotRegularError, open_regular

FORMAT_VERSION = 1
CARD = "card.json"
GRAPH = "model.xml"
GRAPH_WEIGHTS = "model.bin"
#: The graph in integers, of a model that was calibrated; the card lists both or none.
INT8_GRAPH = "model_int8.xml"
INT8_WEIGHTS = "model_int8.bin"
WEIGHTS = "model.weights.h5"
EVALUATION = "evaluation.csv"
#: The evaluation on test films with curves, as `core.reports.report_json` describes it.
REPORT = "report.json"
#: SHA-256 and split of every film of the job, as `core.model.seen_films` describes it.
FILMS = "films.csv"

#: Largest card or report that is read.
MAX_CARD_BYTES = 32 << 20
_REQUIRED = (GRAPH, GRAPH_WEIGHTS)


@dataclasses.dataclass(frozen=True)
class Label:
    """One output of the model.

    Attributes:
        name: As in data and results: "covid".
        display_name: As people read it: "COVID-19".
    """

    name: str
    display_name: str


@dataclasses.dataclass(frozen=True)
class OperatingPoint:
    """The probability from which a finding is stated, and where that is from.

    Attributes:
        label: The finding.
        threshold: A probability equal to it or above states the finding.
        chosen_on: The films it was chosen on: "validation", never "test".
        criterion: The rule that chose it, as a sentence.
        precision, sensitivity, specificity: At that threshold, on those films.
    """

    label: str
    threshold: float
    chosen_on: str
    criterion: str
    precision: float
    sensitivity: float
    specificity: float


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """What a model is, does, and was measured to do.

    Attributes:
        labels: In output order.
        temperature: Logits are divided by it before the softmax.
        metrics: Per split, as `core.evaluation.evaluate` writes them.
        data: Summary of the films, the hash of their split, and what their check
            found, as `core.evaluation.findings` describes it.
        training: The job, the command, library versions.
        probe: Probabilities that the network gave for a drawn probe when it
            was exported; the self-test repeats it on the user's machine.
        files: SHA-256 of every other file of the bundle, by name.
    """

    name: str
    labels: tuple[Label, ...]
    preprocess: PreprocessSpec
    temperature: float
    operating_points: tuple[OperatingPoint, ...]
    metrics: Mapping[str, Any]
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    intended_use: str
    limits: str
    probe: tuple[float, ...]
    files: Mapping[str, str]
    format_version: int = FORMAT_VERSION

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels in output order."""
        return tuple(label.name for label in self.labels)

    def display_name(self, label: str) -> str:
        """How people read `label`."""
        for known in self.labels:
            if known.name == label:
                return known.display_name
        raise ValueError(f"expected one of {self.label_names}. Received: {label!r}")

    def threshold(self, label: str) -> float:
        """Probability from which `label` is stated."""
        for point in self.operating_points:
            if point.label == label:
                return point.threshold
        raise ValueError(f"expected one of {self.label_names}. Received: {label!r}")


@dataclasses.dataclass(frozen=True)
class ModelBundle:
    """A verified bundle on disk.

    Attributes:
        sha256: Names the model: the hash over its graph and weights, which
            every result made with it carries. A graph in integers is the same
            model in another precision, which results name too.
    """

    path: Path
    card: ModelCard
    sha256: str


def read_bundle(path: Path, *, name: str = "") -> ModelBundle:
    """Open a bundle after checking its card and the hash of every file.

    Args:
        name: What errors call it; the folder's name if empty.

    Raises:
        BundleError: It is missing, damaged, incomplete or too new.
    """
    called = name or path.name or str(path)
    bundle = peek_bundle(path, name=name)
    card = bundle.card
    for file, expected in card.files.items():
        if Path(file).name != file:
            raise _damaged(called, f"its card lists a file outside it: {file}")
        if _hash_file(path, file, called) != expected:
            raise _damaged(called, f"{file} is not the file its card describes")
    return bundle


def peek_bundle(path: Path, *, name: str = "") -> ModelBundle:
    """Look at a bundle's card without checking the files that it lists.

    For lists of models, in milliseconds; to use a model, `read_bundle` it.

    Raises:
        BundleError: There is no card, or it cannot be understood.
    """
    called = name or path.name or str(path)
    card = card_from_json(_read_card(path, called))
    for required in _REQUIRED:
        if required not in card.files:
            raise _damaged(called, f"its card does not list {required}")
    return ModelBundle(path, card, _model_hash(card.files))


def is_bundle(folder: Path) -> bool:
    """Whether a folder is a model bundle and holds nothing else.

    Only such a folder may be replaced by another bundle.
    """
    names = file_names(folder)
    try:
        return CARD in names and names <= {CARD, *peek_bundle(folder).card.files}
    except BundleError:
        return False


def write_bundle(path: Path, card: ModelCard, files: Mapping[str, Path]) -> ModelBundle:
    """Make a bundle from a card and the files beside it, all or nothing.

    Args:
        path: Folder to make; a bundle that is there is replaced once the new one
            has been read back.
        card: Its `files` are filled in here.
        files: Name in the bundle -> file to copy from.

    Raises:
        OutputError: The disk is full or may not be written to, or what is there
            is no bundle.
        BundleError: What was written cannot be read back.
    """
    with atomic_folder(path, is_own=is_bundle) as folder:
        for name, source in files.items():
            (folder / name).write_bytes(source.read_bytes())
        hashes = {name: _hash_file(folder, name, path.name) for name in files}
        whole = dataclasses.replace(card, files=hashes)
        text = json.dumps(card_to_json(whole), indent=1, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")
        # Named after its place: the folder that it is in now is hidden.
        read_bundle(folder, name=path.name)
    return ModelBundle(path, whole, _model_hash(hashes))


def card_to_json(card: ModelCard) -> dict[str, Any]:
    """The card as plain JSON values."""
    return {
        "format_version": card.format_version,
        "name": card.name,
        "labels": [dataclasses.asdict(label) for label in card.labels],
        "preprocess": dataclasses.asdict(card.preprocess),
        "temperature": card.temperature,
        "operating_points": [dataclasses.asdict(p) for p in card.operating_points],
        "metrics": dict(card.metrics),
        "data": dict(card.data),
        "training": dict(card.training),
        "intended_use": card.intended_use,
        "limits": card.limits,
        "probe": list(card.probe),
        "files": dict(card.files),
    }


def card_from_json(fields: Mapping[str, Any]) -> ModelCard:
    """Rebuild a card, checking each field.

    Raises:
        BundleError: A field is missing or of the wrong kind.
    """
    try:
        card = ModelCard(
            format_version=int(fields["format_version"]),
            name=_text(fields["name"]),
            labels=tuple(_label(label) for label in fields["labels"]),
            preprocess=spec_from_json(fields["preprocess"]),
            temperature=float(fields["temperature"]),
            operating_points=tuple(_point(p) for p in fields["operating_points"]),
            metrics=dict(fields["metrics"]),
            data=dict(fields["data"]),
            training=dict(fields["training"]),
            intended_use=str(fields["intended_use"]),
            limits=str(fields["limits"]),
            probe=tuple(float(value) for value in fields["probe"]),
            files={str(name): str(value) for name, value in fields["files"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise BundleError(
            f"The model's card cannot be understood ({error}).",
            hint="Copy the model again from where it came, or train it anew.",
        ) from error
    names = card.label_names
    points = tuple(point.label for point in card.operating_points)
    if len(names) < 2 or len(set(names)) != len(names) or points != names:
        raise BundleError(
            "The model's card is inconsistent: its labels and operating points differ.",
            hint="Copy the model again from where it came, or train it anew.",
        )
    if not 0 < card.temperature < math.inf:
        raise BundleError(
            f"The model's card is inconsistent: temperature {card.temperature}.",
            hint="Copy the model again from where it came, or train it anew.",
        )
    if len(card.probe) != len(names):
        raise BundleError(
            "The model's card is inconsistent: its labels and its probe differ.",
            hint="Copy the model again from where it came, or train it anew.",
        )
    return card


def _label(fields: Mapping[str, Any]) -> Label:
    return Label(name=_text(fields["name"]), display_name=_text(fields["display_name"]))


def _text(value: Any) -> str:
    """A name; half a character in it, which no file could hold, is a ValueError."""
    text = str(value)
    text.encode("utf-8")
    return text


def _point(fields: Mapping[str, Any]) -> OperatingPoint:
    threshold = float(fields["threshold"])
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold must be 0 to 1. Received: {threshold}")
    return OperatingPoint(
        label=str(fields["label"]),
        threshold=threshold,
        chosen_on=str(fields["chosen_on"]),
        criterion=str(fields["criterion"]),
        precision=float(fields["precision"]),
        sensitivity=float(fields["sensitivity"]),
        specificity=float(fields["specificity"]),
    )


def _read_card(path: Path, called: str) -> dict[str, Any]:
    try:
        fields = read_json(path / CARD, MAX_CARD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleError(
            f"{called} is not a model bundle: it has no {CARD}.",
            hint="Choose a folder that Hilum's training made.",
        ) from error
    except NotRegularError as error:
        raise _damaged(
            called, f"its {CARD} cannot be read ({error.strerror})"
        ) from error
    except (OSError, ValueError) as error:
        raise _damaged(called, f"its {CARD} cannot be read ({error})") from error
    if not isinstance(fields, dict) or "format_version" not in fields:
        raise _damaged(called, f"its {CARD} states no format version")
    version = fields["format_version"]
    if not isinstance(version, int) or version < 1:
        raise _damaged(called, f"its {CARD} states format version {version!r}")
    if version > FORMAT_VERSION:
        raise too_new_error(called, version, FORMAT_VERSION)
    return fields


def too_new_error(called: str, version: int, known: int) -> BundleError:
    """Refuse a model politely that a newer program made.

    Args:
        called: The folder's or file's name.
        version: Of its format.
        known: The newest format that is read here.
    """
    return BundleError(
        f"The model {called} was made by a newer Hilum (format {version}); "
        f"this one, {__version__}, reads up to format {known}.",
        hint="Get the newer Hilum, or ask for the model in the older format.",
    )


def _hash_file(folder: Path, name: str, called: str) -> str:
    try:
        with open_regular(folder / name) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise _damaged(called, f"{name} is missing") from error
    except OSError as error:
        raise _damaged(called, f"{name} cannot be read ({error.strerror})") from error
    except ValueError as error:  # a null byte in it
        raise _damaged(called, f"its card lists {name!r}, no file name") from error


def _model_hash(files: Mapping[str, str]) -> str:
    joined = "".join(files[name] for name in _REQUIRED)
    return hashlib.sha256(joined.encode("ascii")).hexdigest()


def _damaged(called: str, what: str) -> BundleError:
    return BundleError(
        f"The model bundle {called} is damaged: {what}.",
        hint="Copy the model again from where it came, or train it anew.",
    )
