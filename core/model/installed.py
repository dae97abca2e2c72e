"""The models that are kept, and taking one of them away."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import operator
from pathlib import Path

from core import paths
from core.errors import BundleError
from core.files import remove_folder
from core.jobs.folders import changed_at
from core.model import in_use as model_store
from core.model.bundle import peek_bundle

logger = logging.getLogger(__name__)


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
    in_use = _in_use()
    try:
        folders = [path for path in paths.models_dir().iterdir() if path.is_dir()]
    except OSError:  # none was ever kept
        folders = []
    others = [_look_at(path, in_use) for path in folders if path.name[0] != "."]
    others.sort(key=operator.attrgetter("added"), reverse=True)
    return [_look_at(paths.default_bundle_dir(), in_use), *others]


def remove(model: InstalledModel) -> None:
    """Delete a model that is not in use.

    Raises:
        BundleError: It is the one in use, or comes with the program. Nothing was
            changed.
        OutputError: It cannot be deleted, or not whole.
    """
    if model.is_shipped:
        raise BundleError(
            "The model that comes with Hilum cannot be removed.",
            hint="It takes over where another cannot be opened.",
        )
    # Asked anew: it may have been put to use since the list was made.
    if model.path == _in_use():
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


def _in_use() -> Path:
    try:
        return model_store.recorded()
    except BundleError:  # then the shipped one is
        return paths.default_bundle_dir()
