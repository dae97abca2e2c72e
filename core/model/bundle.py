"""The model bundle: a folder that describes itself."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from core import __version__
from core.errors import BundleError
from core.files import atomic_folder
from core.json_file import read_json
from core.model.card import (
    FORMAT_VERSION,
    Label,
    ModelCard,
    OperatingPoint,
    card_from_json,
    card_to_json,
)
from core.outputs import file_names
from core.regular_file import NotRegularError, sha256_of

__all__ = ["Label", "ModelCard", "OperatingPoint", "card_from_json", "card_to_json"]

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
#: Drawn films and what the model makes of them, as `core.model.golden` describes it.
GOLDEN = "golden.npz"
#: What `provenance` names.
PROVENANCE = (
    *("model", "model_sha256", "preprocessing"),
    *("temperature", "precision", "version"),
)

#: Largest card or report that is read.
MAX_CARD_BYTES = 32 << 20
_REQUIRED = (GRAPH, GRAPH_WEIGHTS)


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


def provenance(
    card: ModelCard, sha256: str, precision: str = "float32"
) -> dict[str, Any]:
    """What a result names, so that it can be told how it came to be.

    Args:
        sha256: Of the model, as `ModelBundle.sha256`.
        precision: That it was computed in.
    """
    return {
        "model": card.name,
        "model_sha256": sha256,
        "preprocessing": card.preprocess.version,
        "temperature": round(card.temperature, 6),
        "precision": precision,
        "version": __version__,
    }


def provenance_text(card: ModelCard, sha256: str, precision: str = "float32") -> str:
    """`provenance` on one line, for pictures and people."""
    named = provenance(card, sha256, precision)
    return "Hilum: " + ", ".join(f"{name} {value}" for name, value in named.items())


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
            raise damaged(called, f"its card lists a file outside it: {file}")
        if _hash_file(path, file, called) != expected:
            raise damaged(called, f"{file} is not the file its card describes")
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
            raise damaged(called, f"its card does not list {required}")
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
        whole = msgspec.structs.replace(card, files=hashes)
        text = json.dumps(card_to_json(whole), indent=1, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")
        # Named after its place: the folder that it is in now is hidden.
        read_bundle(folder, name=path.name)
    return ModelBundle(path, whole, _model_hash(hashes))


def extend_bundle(
    bundle: ModelBundle,
    path: Path,
    name: str,
    record: Mapping[str, Any],
    files: Mapping[str, Path],
) -> ModelBundle:
    """Make a bundle with more in it than another one has, as `write_bundle` does.

    Args:
        path: Folder to make.
        name: What the card calls the record among those of the training.
        record: How the files came to be.
        files: Name in the bundle -> file; may take the place of one that it has.
    """
    card = bundle.card
    card = msgspec.structs.replace(card, training={**card.training, name: record})
    kept = {file: bundle.path / file for file in card.files}
    return write_bundle(path, card, {**kept, **files})


def _read_card(path: Path, called: str) -> dict[str, Any]:
    try:
        fields = read_json(path / CARD, MAX_CARD_BYTES)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleError(
            f"{called} is not a model bundle: it has no {CARD}.",
            hint="Choose a folder that Hilum's training made.",
        ) from error
    except NotRegularError as error:
        raise damaged(
            called, f"its {CARD} cannot be read ({error.strerror})"
        ) from error
    except (OSError, ValueError) as error:
        raise damaged(called, f"its {CARD} cannot be read ({error})") from error
    if not isinstance(fields, dict) or "format_version" not in fields:
        raise damaged(called, f"its {CARD} states no format version")
    version = fields["format_version"]
    if not isinstance(version, int) or version < 1:
        raise damaged(called, f"its {CARD} states format version {version!r}")
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
        return sha256_of(folder / name)
    except FileNotFoundError as error:
        raise damaged(called, f"{name} is missing") from error
    except OSError as error:
        raise damaged(called, f"{name} cannot be read ({error.strerror})") from error
    except ValueError as error:  # a null byte in it
        raise damaged(called, f"its card lists {name!r}, no file name") from error


def _model_hash(files: Mapping[str, str]) -> str:
    joined = "".join(files[name] for name in _REQUIRED)
    return hashlib.sha256(joined.encode("ascii")).hexdigest()


def damaged(called: str, what: str) -> BundleError:
    """What is raised of a model whose files are not what they should be."""
    return BundleError(
        f"The model bundle {called} is damaged: {what}.",
        hint="Copy the model again from where it came, or train it anew.",
    )
