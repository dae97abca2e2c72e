"""A copy of a film that does not say whom it is of."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from core.errors import OutputError
from core.files import atomic_write
from core.films.dicom_deidentify import deidentified_dicom
from core.films.patient_id import hashed
from core.films.pictures import decode_picture, encode_picture
from core.films.radiograph import display_name, read_film_file

#: To be said of every copy.
LOOK = "Hilum reads no text in pictures: look at the film before it leaves here."


@dataclasses.dataclass(frozen=True, repr=False)
class DeidentifiedFilm:
    """What is to be written.

    Attributes:
        content: Of the file: DICOM of a DICOM file, a grey PNG of a picture.
        name: For the file. The old one often names the patient; this begins with
            the hashed patient id, where there is one.
        warnings: Sentences: what was not kept, what is known of text in the picture.
    """

    content: bytes
    name: str
    warnings: tuple[str, ...]


def deidentify(path: Path, salt: str) -> DeidentifiedFilm:
    """Make a copy of a film without its patient, in memory.

    Args:
        path: A film, as `read_radiograph` takes it.
        salt: Of `core.films.patient_id`.

    Raises:
        ImageReadError: It cannot be read.
    """
    data, kind = read_film_file(path)
    # The same film gets the same name, whatever it was called.
    stamp = hashed(hashlib.sha256(data).hexdigest(), salt)[:8]
    if kind == "DICOM":
        content, patient, said = deidentified_dicom(data, display_name(path), salt)
        return DeidentifiedFilm(content, f"{patient or 'film'}-{stamp}.dcm", (said,))
    # Drawn anew from its pixels alone, a picture has no EXIF, comments or profiles.
    film = decode_picture(data, kind, path)
    pixels = film.pixels if film.pixels.dtype.kind == "u" else film.to_uint8()
    content = encode_picture(pixels, ".png")
    return DeidentifiedFilm(content, f"film-{stamp}.png", film.warnings)


def write_deidentified(film: DeidentifiedFilm, path: Path, source: Path) -> None:
    """Write the copy, whole or not at all.

    Raises:
        OutputError: It cannot be written, or `path` is the film itself.
    """
    if path.resolve() == source.resolve():
        raise OutputError(
            f"{display_name(path)} is the film itself and is not written over.",
            hint="Choose another name.",
        )
    with atomic_write(path) as partial:
        partial.write_bytes(film.content)
