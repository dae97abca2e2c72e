"""A model bundle as one `.hilum` file, to hand to a colleague.

A zip archive of the bundle's files, flat, whose comment names the format. What
comes from elsewhere is not trusted: nothing is written under a name of the
archive's choosing, no more than it says, and a bundle appears only once it has
been verified whole.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO

from core.errors import BundleError
from core.files import atomic_folder, atomic_write
from core.model.bundle import CARD, ModelBundle, is_bundle, read_bundle, too_new_error
from core.model.classifier import check_model
from core.outputs import check_file, check_folder, refuse_inputs
from core.regular_file import open_regular

SUFFIX = ".hilum"
_VERSION = 1
_COMMENT = re.compile(rb"Hilum model bundle, format (\d{1,6})")
#: Largest sum of all files that is read. Backbones take up to half a gigabyte.
MAX_BYTES = 4 << 30
#: Text shrinks to a thirtieth or so; what shrinks far more is a trap.
_MOST_SHRUNK = 200
_MOST_FILES = 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
#: Names that are no files on Windows, whatever follows the first dot.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
#: Weights are noise to a compressor, which would take seconds to find out.
_STORED = (".bin", ".h5")
#: The same bundle gives the same file, whenever and wherever it is packed.
_DATE = (1980, 1, 1, 0, 0, 0)
_CHUNK = 1 << 20
_AGAIN = "Ask for the file again, or copy it again from where it came."


def is_model_file(path: Path) -> bool:
    """Whether a file's name says that it is a packed model."""
    return path.suffix.casefold() == SUFFIX


def pack_bundle(bundle: ModelBundle, target: Path, *, overwrite: bool = False) -> None:
    """Write a bundle as one file.

    Only the card and what it lists goes into it.

    Args:
        target: The file to make. It need not end in `SUFFIX`.
        overwrite: Whether to replace one that is there.

    Raises:
        OutputError: It exists already, lies in the bundle, or cannot be written.
        BundleError: The bundle was damaged since it was opened.
    """
    refuse_inputs([target], [bundle.path])
    check_file(target, overwrite=overwrite)
    whole = read_bundle(bundle.path)
    with atomic_write(target) as partial, zipfile.ZipFile(partial, "w") as archive:
        archive.comment = f"Hilum model bundle, format {_VERSION}".encode("ascii")
        for name in (CARD, *sorted(whole.card.files)):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = (stat.S_IFREG | 0o644) << 16
            entry.create_system = 3  # wherever it is packed
            stored = name.endswith(_STORED)
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            source = bundle.path / name
            entry.file_size = source.stat().st_size
            with open(source, "rb") as file, archive.open(entry, "w") as member:
                while chunk := file.read(_CHUNK):
                    member.write(chunk)


def unpack_bundle(file: Path, target: Path, *, overwrite: bool = False) -> ModelBundle:
    """Make a bundle of a file that `pack_bundle` wrote, all or nothing.

    Args:
        target: Folder to make.
        overwrite: Whether to replace a bundle that is there.

    Raises:
        BundleError: The file is missing, damaged, foreign or too new, or its
            graph does not compute what its card says.
        OutputError: The folder exists already, or cannot be written.
    """
    check_folder(target, overwrite=overwrite, is_own=is_bundle)
    try:
        # Opened first: what goes wrong with it is no fault of the target's.
        source = open_regular(file)
    except OSError as error:
        raise BundleError(
            f"{file.name} cannot be opened: {error.strerror}.",
            hint=f"Choose a file that ends in {SUFFIX}.",
        ) from error
    with source:
        try:
            _unpack(source, file.name, target)
        except (
            zipfile.BadZipFile,
            zlib.error,
            struct.error,
            EOFError,
            RuntimeError,  # what Python's zip reader does not know
            ValueError,
        ) as error:
            raise _damaged(file.name, str(error)) from error
    return read_bundle(target)


def _unpack(source: IO[bytes], name: str, target: Path) -> None:
    if not zipfile.is_zipfile(source):
        raise BundleError(
            f"{name} is not a Hilum model, or it was cut short.", hint=_AGAIN
        )
    with zipfile.ZipFile(source) as archive:
        entries = _checked_entries(archive, name)
        with atomic_folder(target, is_own=is_bundle) as folder:
            for entry in entries:
                _copy(archive, entry, folder / entry.filename, name)
            bundle = read_bundle(folder, name=name)
            listed = {CARD, *bundle.card.files}
            if strangers := {entry.filename for entry in entries} - listed:
                stranger = min(strangers)
                raise _damaged(
                    name, f"it holds {stranger}, which its card does not list"
                )
            check_model(bundle, name=name)


def _checked_entries(archive: zipfile.ZipFile, name: str) -> list[zipfile.ZipInfo]:
    """The files to unpack: few, each once, of harmless names and likely sizes.

    Raises:
        BundleError: One is not a plain file, or this is no model at all.
    """
    _check_version(archive, name)
    entries = archive.infolist()
    names = [entry.filename for entry in entries]
    if len(names) > _MOST_FILES:
        raise _damaged(name, f"it holds {len(names)} files")
    if len({each.casefold() for each in names}) != len(names):
        raise _damaged(name, "it holds a file twice")
    if CARD not in names:
        raise BundleError(
            f"{name} is not a Hilum model: it has no {CARD}.",
            hint=f"Choose a file that ends in {SUFFIX}, or pack the model again.",
        )
    for entry in entries:
        _check_entry(entry, name)
    if sum(entry.file_size for entry in entries) > MAX_BYTES:
        raise _damaged(name, f"it would take more than {MAX_BYTES >> 30} GB")
    return entries


def _check_version(archive: zipfile.ZipFile, name: str) -> None:
    # Without a comment: packed by hand, which is as good if all else is right.
    found = _COMMENT.fullmatch(archive.comment)
    if archive.comment and not found:
        raise BundleError(
            f"{name} is not a Hilum model, or it was cut short.", hint=_AGAIN
        )
    if found and int(found[1]) > _VERSION:
        raise too_new_error(name, int(found[1]), _VERSION)


def _check_entry(entry: zipfile.ZipInfo, name: str) -> None:
    """Refuse what is not a plain file of a harmless name and a likely size."""
    shown = ascii(entry.filename)[1:-1][:60]
    # What comes before a null byte may be all that is left of a name.
    whole = entry.orig_filename == entry.filename
    if not whole or not _NAME.fullmatch(entry.filename):
        raise _damaged(name, f"it holds a file outside it: {shown}")
    if _DEVICES.fullmatch(entry.filename):
        raise _damaged(name, f"it holds {shown}, no file name everywhere")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if entry.is_dir() or kind not in (0, stat.S_IFREG):
        raise _damaged(name, f"{shown} is a link or a folder, not a file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _damaged(name, f"{shown} is packed in a way it never is")
    if entry.flag_bits & 1:
        raise _damaged(name, f"{shown} is encrypted")
    if entry.file_size > max(1, entry.compress_size) * _MOST_SHRUNK:
        raise _damaged(name, f"{shown} is larger than it can be")


def _copy(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, name: str
) -> None:
    written = 0
    with archive.open(entry) as member, open(target, "xb") as file:
        while chunk := member.read(_CHUNK):
            written += len(chunk)
            if written > entry.file_size:
                raise _damaged(name, f"{entry.filename} is larger than it says")
            file.write(chunk)


def _damaged(name: str, what: str) -> BundleError:
    return BundleError(f"The model file {name} is damaged: {what}.", hint=_AGAIN)
