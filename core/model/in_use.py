"""The models that are kept, which of them is in use, and which were before it.

A model that is put to use is copied into the user's folder, so that it stays when
the run that made it is deleted.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import logging
import operator
import shutil
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core import paths
from core.errors import BundleError, CoreError
from core.files import atomic_folder, remove_folder, write_json
from core.jobs.folders import changed_at
from core.json_file import read_json
from core.model.bundle import CARD, ModelBundle, peek_bundle, read_bundle
from core.model.classifier import Classifier, check_model
from core.outputs import file_names
from core.records import Text, convert

logger = logging.getLogger(__name__)

#: Models that can be gone back to; older ones are forgotten.
REMEMBERED = 20
_STATE = "state.json"
#: Folder of the entry that stands for the model that comes with the program.
_SHIPPED = ""


class StoredModel(msgspec.Struct, frozen=True):
    """A model that is in use, or was.

    Attributes:
        folder: Its name within the folder of models; empty for the model that
            comes with the program.
        name: As its card says.
    """

    folder: Annotated[str, Meta(pattern=r"\A(?!\.)[^/\\:]*\Z")]
    name: Text

    @property
    def path(self) -> Path:
        """Where its bundle is."""
        if self.folder == _SHIPPED:
            return paths.default_bundle_dir()
        return paths.models_dir() / self.folder


class _State(msgspec.Struct, frozen=True):
    """The model in use, and the earlier ones, oldest first."""

    in_use: StoredModel = StoredModel(_SHIPPED, "Hilum's own model")
    earlier: tuple[StoredModel, ...] = ()
    format_version: Literal[1] = 1


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
    return _read_state().in_use.path


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
    state = _state()
    if folder != state.in_use.folder:
        wanted = StoredModel(folder, bundle.card.name)
        _write_state(wanted, (*state.earlier, state.in_use))
    return bundle


def previous() -> StoredModel | None:
    """The model that `go_back` would put to use; None when there was no other."""
    earlier = _way_back(_state())
    return earlier[-1] if earlier else None


def go_back() -> ModelBundle:
    """Put the model to use that was in use before this one.

    Raises:
        BundleError: There was none, or it is damaged. Nothing was changed.
        OutputError: That cannot be written down. Nothing was changed.
    """
    earlier = _way_back(_state())
    if not earlier:
        raise BundleError(
            "No other model was in use before this one.",
            hint="Choose a model in the list of runs, or import one.",
        )
    bundle = read_bundle(earlier[-1].path)
    _write_state(earlier[-1], earlier[:-1])
    return bundle


def _way_back(state: _State) -> tuple[StoredModel, ...]:
    """The earlier models up to the last that can be used, oldest first."""
    earlier = state.earlier
    while earlier and not (
        (earlier[-1].path / CARD).is_file()
        and earlier[-1].folder != state.in_use.folder
    ):
        earlier = earlier[:-1]
    return earlier


def _is_shipped(path: Path) -> bool:
    return path.resolve() == paths.default_bundle_dir().resolve()


def _state() -> _State:
    """The state; that of a first start where it cannot be understood."""
    try:
        return _read_state()
    except BundleError as error:
        logger.warning("starting anew: %s", error)
        return _State()


def _read_state() -> _State:
    try:
        return convert(read_json(paths.models_dir() / _STATE), _State)
    except FileNotFoundError:
        return _State()
    except (OSError, ValueError) as error:
        raise BundleError(
            f"The record of the model in use cannot be understood ({error}).",
            hint="The model that comes with Hilum is used until you choose another.",
        ) from error


def _write_state(in_use: StoredModel, earlier: tuple[StoredModel, ...]) -> None:
    state = _State(in_use, earlier[-REMEMBERED:])
    write_json(paths.models_dir() / _STATE, state)


@dataclasses.dataclass(frozen=True)
class InstalledModel:
    """A model that is kept on this computer.

    Attributes:
        path: Of its bundle.
        name: As its card says; the folder's where that cannot be read.
        size: Of all its files, bytes.
        added: When it was put there.
        is_in_use: Whether it is the one in use, here and at the next start.
        is_shipped: Whether it is the one that comes with the program.
        damage: Why it cannot be used; empty if its card can be read.
    """

    path: Path
    name: str
    size: int
    added: datetime.datetime
    is_in_use: bool
    is_shipped: bool
    damage: str = ""

    @property
    def can_be_removed(self) -> bool:
        """Whether `remove` takes it."""
        return not (self.is_in_use or self.is_shipped)


def installed_models() -> list[InstalledModel]:
    """Every model: the shipped one first, then the others, newest first."""
    in_use = _state().in_use.path
    try:
        folders = [path for path in paths.models_dir().iterdir() if path.is_dir()]
    except OSError:  # none was ever kept
        folders = []
    others = [_look_at(path, in_use) for path in folders if path.name[0] != "."]
    others.sort(key=operator.attrgetter("added"), reverse=True)
    return [_look_at(paths.default_bundle_dir(), in_use), *others]


def remove(model: InstalledModel) -> None:
    """Delete a model that `can_be_removed`.

    Raises:
        BundleError: It is the one in use. Nothing was changed.
        OutputError: It cannot be deleted, or not whole.
    """
    # Asked anew: it may have been put to use since the list was made.
    if model.path == _state().in_use.path:
        raise BundleError(
            f"{model.name} is in use and cannot be removed.",
            hint="Use another model first.",
        )
    remove_folder(model.path, paths.models_dir(), model.name)


def _look_at(path: Path, in_use: Path) -> InstalledModel:
    is_shipped = path == paths.default_bundle_dir()
    name, damage = "Hilum's own model" if is_shipped else path.name, ""
    try:
        name = peek_bundle(path).card.name
    except BundleError as error:
        logger.warning("a kept model cannot be read: %s", error)
        damage = str(error)
    try:
        size = sum(file.stat().st_size for file in path.iterdir())
    except OSError:
        size = 0
    return InstalledModel(
        path,
        name,
        size,
        changed_at(path),
        is_in_use=path == in_use,
        is_shipped=is_shipped,
        damage=damage,
    )
