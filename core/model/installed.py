"""The models that are kept, and taking one of them away."""

from __future__ import annotations

import dataclasses
import datetime
import logging
import os
import shutil
import uuid
from pathlib import Path

from core import paths
from core.errors import BundleError, OutputError
from core.model import in_use as model_store
from core.model.bundle import ModelBundle, peek_bundle

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class InstalledModel:
    """A model that is kept on this computer.

    Attributes:
        path: Of its bundle.
        name: As its card says; the folder's where that cannot be read.
        bundle: Its card, the files unchecked; None where that cannot be read.
        size: Of all its files, bytes.
        added: When it was put there.
        is_in_use: Whether it is the one in use, here and at the next start.
        is_shipped: Whether it is the one that comes with the program.
        damage: Why it cannot be used; empty if its card can be read.
    """

    path: Path
    name: str
    bundle: ModelBundle | None
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
    shipped = _look_at(paths.default_bundle_dir(), in_use)
    return [shipped, *sorted(_others(in_use), key=_age)]


def remove(model: InstalledModel) -> None:
    """Delete a model that is not in use.

    Raises:
        BundleError: It is the one in use, or comes with the program. Nothing was
            changed.
        OutputError: It cannot be deleted.
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
    if model.path.parent != paths.models_dir():
        raise ValueError(f"expected one of the kept models. Received: {model.path}")
    # Out of sight at once and as a whole; then file by file.
    going = model.path.with_name(f".{uuid.uuid4().hex[:12]}")
    try:
        os.replace(model.path, going)
        shutil.rmtree(going)
    except FileNotFoundError:
        return
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"{model.name} could not be deleted whole: {reason}.",
            hint=f"Close what has its files open, or delete {going} yourself.",
        ) from error


def _others(in_use: Path) -> list[InstalledModel]:
    try:
        folders = [path for path in paths.models_dir().iterdir() if path.is_dir()]
    except OSError:  # none was ever kept
        return []
    return [_look_at(path, in_use) for path in folders if path.name[0] != "."]


def _look_at(path: Path, in_use: Path) -> InstalledModel:
    bundle, damage = None, ""
    try:
        bundle = peek_bundle(path)
    except BundleError as error:
        logger.warning("a kept model cannot be read: %s", error)
        damage = str(error)
    is_shipped = path == paths.default_bundle_dir()
    name = "Hilum's own model" if is_shipped else path.name
    size, added = _size_and_age(path)
    return InstalledModel(
        path,
        bundle.card.name if bundle is not None else name,
        bundle,
        size,
        added,
        is_in_use=path == in_use,
        is_shipped=is_shipped,
        damage=damage,
    )


def _size_and_age(path: Path) -> tuple[int, datetime.datetime]:
    try:
        size = sum(file.stat().st_size for file in path.iterdir())
        return size, datetime.datetime.fromtimestamp(path.stat().st_mtime)
    except OSError:
        return 0, datetime.datetime.fromtimestamp(0)


def _in_use() -> Path:
    try:
        return model_store.recorded()
    except BundleError:  # then the shipped one is
        return paths.default_bundle_dir()


def _age(model: InstalledModel) -> float:
    return -model.added.timestamp()
