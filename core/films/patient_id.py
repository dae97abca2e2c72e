"""Patient ids that name nobody: the same patient keeps one, here."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets

from core import paths
from core.errors import OutputError
from core.files import output_error

_SALT_BYTES = 16


def hashed(patient_id: str, salt: str) -> str:
    """The start of a salted hash of a patient id; empty for an empty id.

    The same id and salt give the same 16 digits. Who does not have the salt can
    neither undo it nor try all ids that a hospital may have given.
    """
    if not patient_id.strip():
        return ""
    return hashlib.sha256(f"{salt}\n{patient_id}".encode()).hexdigest()[:16]


def installation_salt() -> str:
    """The secret that this installation hashes patient ids with; made when first asked.

    It is kept in a file of the program's data, so that films of one patient that
    leave here on different days still belong together.

    Raises:
        OutputError: It cannot be read or kept.
    """
    path = paths.patient_salt_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Never over one that is there, and readable by its owner alone.
        with contextlib.suppress(FileExistsError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(file, "w", encoding="ascii") as salt:
                salt.write(secrets.token_hex(_SALT_BYTES))
        kept = path.read_text("ascii", "replace").strip()
    except OSError as error:
        raise output_error(path, error) from error
    if len(kept) < 2 * _SALT_BYTES:
        raise OutputError(
            f"The secret that patient ids are hashed with is damaged: {path}.",
            hint="Put it back from a backup, or delete it: patients get new ids then.",
        )
    return kept
