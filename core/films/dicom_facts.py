"""What a DICOM file says about itself: its view, its patient, why to doubt it."""

from __future__ import annotations

from core.films.dicom_tags import Dataset, integer, items, numbers, text
from core.films.film_warning import FilmWarning
from core.films.patient_id import hashed
from core.films.pixels import FilmIdentity, PixelSpacing

_FILM_MODALITIES = {"CR", "DX", "DR", "RF", "RG", "XR"}
#: How its SOP class begins, and the modalities that may be a film captured so.
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_CAPTURED = {"OT", "SC"}
_CHILD = "The file says that this is a child's film; children's lungs look different."
_ADULT_YEARS = 18
#: Of the picture itself where the file says so; else of the study.
_TAKEN_ON = ("AcquisitionDate", "ContentDate", "StudyDate")
_TAKEN_AT = ("AcquisitionTime", "ContentTime", "StudyTime")
#: Of a body that has two: a chest is "unpaired".
_SIDES = ("L", "R")
_UNITS = {"Y": "year", "M": "month", "W": "week", "D": "day"}
#: Letter of an age -> how many of its unit make a year.
_PER_YEAR = {"Y": 1, "M": 12, "W": 52, "D": 365}
_FRONTAL = ("AP", "PA", "ANTERO", "POSTERO", "FRONTAL")
_LATERAL = {"L", "LL", "RL"}
_CHEST = ("CHEST", "THORAX", "LUNG", "RIB")
#: Keeps lists of hashed ids made elsewhere from fitting ours. The same everywhere,
#: so that manifests of several computers fit; `patient_id` has a secret one.
_PATIENT_SALT = "Hilum patient"


def view_of(dataset: Dataset) -> str:
    """The view, as its tag or its code has it; may be empty."""
    codes = items(dataset, "ViewCodeSequence")
    return text(dataset, "ViewPosition") or (
        text(codes[0], "CodeMeaning") if codes else ""
    )


def patient_of(dataset: Dataset) -> str:
    """The start of a salted hash of the patient id, or an empty string.

    The id itself must not reach manifests, logs or cards.
    """
    given = text(dataset, "PatientID")
    # Whoever gives ids is no patient: without one, nobody's films belong together.
    name = f"{text(dataset, 'IssuerOfPatientID')}\n{given}" if given else ""
    return hashed(name, _PATIENT_SALT)


def identity_of(dataset: Dataset) -> FilmIdentity:
    """Whom the film is of, and when and where it was taken, as people read it."""
    family, *given = text(dataset, "PatientName").partition("=")[0].split("^")
    taken = next(filter(None, (text(dataset, keyword) for keyword in _TAKEN_ON)), "")
    at = next(filter(None, (text(dataset, keyword) for keyword in _TAKEN_AT)), "")
    side = text(dataset, "ImageLaterality").upper()
    return FilmIdentity(
        name=", ".join(filter(None, (family, " ".join(filter(None, given))))),
        patient_id=text(dataset, "PatientID"),
        born=_day(text(dataset, "PatientBirthDate")),
        sex=text(dataset, "PatientSex"),
        age=_age(text(dataset, "PatientAge")),
        date=_day(taken),
        time=f"{at[:2]}:{at[2:4]}" if at[:4].isdigit() and len(at) >= 4 else "",
        study=text(dataset, "StudyDescription"),
        institution=text(dataset, "InstitutionName"),
        view=f"{side if side in _SIDES else ''} {view_of(dataset)}".strip(),
    )


def _day(date: str) -> str:
    """A date as DICOM has it, 20240131, with its parts apart."""
    is_whole = len(date) == 8 and date.isdigit()
    return f"{date[:4]}-{date[4:6]}-{date[6:]}" if is_whole else date


def _age(age: str) -> str:
    """An age as DICOM has it, 045Y, in words."""
    number, unit = age[:-1], _UNITS.get(age[-1:].upper())
    if unit is None or not number.isdigit():
        return age
    return f"{int(number)} {unit if int(number) == 1 else unit + 's'}"


def burnt_in_text(dataset: Dataset) -> str:
    """What the file says of text in its picture, as a sentence to be warned by."""
    said = text(dataset, "BurnedInAnnotation").upper()
    if said == "YES":
        return "The file says that text is burnt into its picture."
    if text(dataset, "SOPClassUID").startswith(SECONDARY_CAPTURE):
        return "The film is a secondary capture, and these often have text burnt in."
    if said == "NO":
        return "The file says that no text is burnt into its picture."
    return "The file does not say whether text is burnt into its picture."


def spacing_of(dataset: Dataset) -> PixelSpacing | None:
    """How far apart pixels lie, calibrated for the patient if the file can tell.

    Source:
        DICOM PS3.3, 10.7: a Pixel Spacing that equals the Imager Pixel Spacing has
        been corrected for nothing.
    """
    calibrated = _lengths(dataset, "PixelSpacing")
    detector = _lengths(dataset, "ImagerPixelSpacing")
    found = calibrated or detector
    return PixelSpacing(*found, at_detector=found == detector) if found else None


def _lengths(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """Two lengths above 0, or None."""
    found = [length for length in numbers(dataset, keyword) if length and length > 0]
    return (found[0], found[1]) if len(found) == 2 else None


def is_lateral(view: str) -> bool:
    """Whether a view, as files and manifests name it, is from the side."""
    return view.upper() in _LATERAL or "LAT" in view.upper()


def refusal_of(dataset: Dataset) -> str:
    """Why the file, by what it says of itself, is no plain X-ray film."""
    modality = _modality(dataset)
    if not modality or modality in _FILM_MODALITIES:
        return ""
    is_capture = text(dataset, "SOPClassUID").startswith(SECONDARY_CAPTURE)
    if is_capture and modality in _CAPTURED:
        return ""
    return f"The file's modality is {modality}, not a plain X-ray film."


def _modality(dataset: Dataset) -> str:
    return text(dataset, "Modality").upper()


def is_child(age: str) -> bool | None:
    """Whether an age as DICOM has it, "007Y" or "018M", is a child's; None: unknown."""
    number, unit = age[:-1], age[-1:].upper()
    if not number.isdigit() or unit not in _PER_YEAR:
        return None
    return int(number) < _ADULT_YEARS * _PER_YEAR[unit]


def notes_of(dataset: Dataset) -> list[str]:
    """Warnings that follow from what the file says about itself."""
    notes: list[str] = []
    frames = integer(dataset, "NumberOfFrames") or 1
    if frames > 1:
        notes.append(f"The file holds {frames} pictures; the first one is shown.")
    modality = _modality(dataset)
    if modality in _CAPTURED and not refusal_of(dataset):
        notes.append("The file is a copy and does not say of what kind of film.")
    view = view_of(dataset)
    if view and not view.upper().startswith(_FRONTAL):
        kind = "a lateral view" if is_lateral(view) else "not a frontal view"
        said = f"This is {kind} ({view}); the program knows PA and AP films."
        notes.append(FilmWarning(said))
    body_part = text(dataset, "BodyPartExamined")
    if body_part and not any(word in body_part.upper() for word in _CHEST):
        notes.append(FilmWarning(f"The body part is {body_part}, not the chest."))
    if is_child(text(dataset, "PatientAge")):
        notes.append(FilmWarning(_CHILD))
    return notes
