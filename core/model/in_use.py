"""Which model is in use, and the ones that were before it.

A model that is put to use is copied into the user's folder, so that it stays when
the run that made it is deleted.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
from pathlib import Path
from typing import Any

from core import paths
from core.errors import BundleError, CoreError
from core.files import atomic_folder, atomic_write
from core.json_file import read_json
from core.model.bundle import CARD, ModelBundle, read_bundle
from core.model.classifier import Classifier, check_model
from core.outputs import file_names

logger = logging.getLogger(__name__)

#: Models that can be gone back to; older ones are forgotten.
REMEMBERED = 20
_STATE = "state.json"
_VERSION = 1
#: Folder of the entry that stands for the model that comes with the program.
_SHIPPED = ""


@dataclasses.dataclass(frozen=True)
class StoredModel:
    """A model that is in use, or was.

    Attributes:
        folder: Its name within the folder of models; empty for the model that
            comes with the program.
        name: As its card says.
        sha256: Of the model; empty where it was not noted.
    """

    folder: str
    name: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where its bundle is."""
        if not self.folder:
            return paths.default_bundle_dir()
        return paths.models_dir() / self.folder


def open_in_use() -> tuple[Classifier, CoreError | None]:
    """Load the model in use: the shipped one, unless another was chosen.

    Returns:
        The model, and why it is not the chosen one; None if it is.

    Raises:
        BundleError: The shipped one cannot be used either.
    """
    shipped = paths.default_bundle_dir()
    problem: CoreError | None = None
    try:
        path = recorded()
        if path != shipped:
            return _open_chosen(path), None
    except CoreError as error:
        logger.warning("the chosen model is not used: %s", error)
        problem = error
    try:
        return Classifier(read_bundle(shipped)), problem
    except CoreError as error:
        raise BundleError(
            f"Hilum's own model cannot be used: {error}",
            hint="Install Hilum again, or choose another model in the File menu.",
        ) from error


def _open_chosen(path: Path) -> Classifier:
    try:
        return Classifier(read_bundle(path))
    except CoreError as error:
        hint = f"It is in {path}. {error.hint}".strip()
        raise BundleError(str(error), hint=hint) from error


def recorded() -> Path:
    """Bundle that was chosen last, unchecked: it may be gone or damaged.

    Raises:
        BundleError: The record of it cannot be understood.
    """
    in_use, _ = _read_state()
    return in_use.path


def add(bundle_path: Path) -> ModelBundle:
    """Copy a bundle to the models, and change nothing else.

    Returns:
        The copy; the bundle itself where it is one of them already, or is the
        one that comes with the program.

    Raises:
        BundleError: It is damaged, incomplete or too new.
        OutputError: The disk is full or may not be written to.
    """
    bundle = read_bundle(bundle_path)
    if _is_shipped(bundle.path) or bundle.path.parent == paths.models_dir():
        return bundle
    # The card names the hash of every other file, so its own names them all.
    digest = hashlib.sha256((bundle.path / CARD).read_bytes()).hexdigest()
    place = paths.models_dir() / digest[:16]
    try:
        return read_bundle(place)
    except BundleError:  # not there, or damaged since
        pass
    names = {CARD, *bundle.card.files}

    def is_damaged_copy(folder: Path) -> bool:
        return bool(file_names(folder)) and file_names(folder) <= names

    with atomic_folder(place, is_own=is_damaged_copy) as folder:
        for name in names:
            shutil.copyfile(bundle.path / name, folder / name)
        check_model(read_bundle(folder))
    return dataclasses.replace(bundle, path=place)


def use(bundle_path: Path) -> ModelBundle:
    """Make a model the one in use, from now on and at the next start.

    Returns:
        The bundle to open: a copy that nothing else changes or deletes.

    Raises:
        BundleError: It is damaged, incomplete or too new. Nothing was changed.
        OutputError: The disk is full or may not be written to. Nothing was
            changed.
    """
    bundle = add(bundle_path)
    folder = _SHIPPED if _is_shipped(bundle.path) else bundle.path.name
    wanted = StoredModel(folder, bundle.card.name, bundle.sha256)
    in_use, earlier = _state_or_none()
    if wanted.folder != in_use.folder:
        _write_state(wanted, (*earlier, in_use))
    return bundle


def previous() -> StoredModel | None:
    """The model that `go_back` would put to use; None when there was no other."""
    in_use, earlier = _state_or_none()
    return next((m for m in reversed(earlier) if _can_be_used(m, in_use)), None)


def go_back() -> ModelBundle:
    """Put the model to use that was in use before this one.

    Raises:
        BundleError: There was none, or it is damaged. Nothing was changed.
        OutputError: That cannot be written down. Nothing was changed.
    """
    in_use, earlier = _state_or_none()
    kept = list(earlier)
    while kept:
        wanted = kept.pop()
        if _can_be_used(wanted, in_use):
            bundle = read_bundle(wanted.path)
            _write_state(wanted, tuple(kept))
            return bundle
    raise BundleError(
        "No other model was in use before this one.",
        hint="Choose a model in the list of runs, or import one.",
    )


def shipped() -> StoredModel:
    """The model that comes with the program."""
    return StoredModel(_SHIPPED, "Hilum's own model", "")


def _can_be_used(model: StoredModel, in_use: StoredModel) -> bool:
    is_there = (model.path / CARD).is_file()
    return is_there and model.folder != in_use.folder


def _is_shipped(path: Path) -> bool:
    return path.resolve() == paths.default_bundle_dir().resolve()


def _state_or_none() -> tuple[StoredModel, tuple[StoredModel, ...]]:
    """The state; that of a first start where it cannot be understood."""
    try:
        return _read_state()
    except BundleError as error:
        logger.warning("starting anew: %s", error)
        return shipped(), ()


def _read_state() -> tuple[StoredModel, tuple[StoredModel, ...]]:
    """The model in use, and the earlier ones, oldest first."""
    path = paths.models_dir() / _STATE
    try:
        fields = read_json(path)
    except FileNotFoundError:
        return shipped(), ()
    except (OSError, ValueError) as error:
        raise _unreadable(str(error)) from error
    try:
        if fields["format_version"] != _VERSION:
            raise ValueError(f"its version is {fields['format_version']}")
        earlier = tuple(_entry(entry) for entry in fields["earlier"])
        return _entry(fields["in_use"]), earlier
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(str(error)) from error


def _write_state(in_use: StoredModel, earlier: tuple[StoredModel, ...]) -> None:
    fields = {
        "format_version": _VERSION,
        "in_use": dataclasses.asdict(in_use),
        "earlier": [dataclasses.asdict(m) for m in earlier[-REMEMBERED:]],
    }
    with atomic_write(paths.models_dir() / _STATE) as partial:
        partial.write_text(json.dumps(fields, indent=1, ensure_ascii=False), "utf-8")


def _entry(fields: Any) -> StoredModel:
    values = {name: fields[name] for name in ("folder", "name", "sha256")}
    if not all(isinstance(value, str) for value in values.values()):
        raise ValueError(f"expected texts. Received: {fields}")
    if values["folder"] and Path(values["folder"]).name != values["folder"]:
        raise ValueError(f"expected a folder's name. Received: {values['folder']!r}")
    return StoredModel(**values)


def _unreadable(reason: str) -> BundleError:
    return BundleError(
        f"The record of the model in use cannot be understood ({reason}).",
        hint="The model that comes with Hilum is used until you choose another.",
    )
