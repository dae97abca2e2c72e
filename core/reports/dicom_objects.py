"""A film's report as DICOM: a Secondary Capture and a Structured Report.

Both belong to the study of the film. Where the patient is not to be told, the film is
first freed of all that says whom it is of, by the standard's profile: so the copies
that Hilum makes without patients, and these, keep the same ids.
"""

from __future__ import annotations

import hashlib
import io
import uuid
import warnings
from typing import TYPE_CHECKING, Any

from core import __version__
from core.errors import OutputError
from core.films.dicom import empty_unless_dates, read_dataset
from core.films.dicom_deidentify import deidentified_dicom
from core.films.dicom_facts import SECONDARY_CAPTURE
from core.films.patient_id import installation_salt
from core.films.pixels import decoding
from core.films.radiograph import display_name
from core.model.card import HEALTHY
from core.reports.film_report import FilmReport
from core.reports.margin import with_margin
from core.reports.statement import DISCLAIMER, FindingRow

if TYPE_CHECKING:  # it takes most of a second
    import highdicom as hd

_MAKER = "Hilum"
#: Of which the standard's tables know no code of their own.
_PRIVATE = "99HILUM"
#: What the reports of a study need and a film may lack: empty is allowed.
_MAY_BE_EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("AccessionNumber", "StudyID", "StudyDate", "StudyTime", "ReferringPhysicianName"),
)
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
#: What says that a film was freed of its patient.
_FREED = (
    *("PatientIdentityRemoved", "LongitudinalTemporalInformationModified"),
    *("DeidentificationMethod", "DeidentificationMethodCodeSequence"),
)
#: Label -> its code in SNOMED CT. Others get one of this program's own.
_CODES = {
    "covid": ("840539006", "SCT", "COVID-19"),
    "pneumonia": ("233604007", "SCT", "Pneumonia"),
    HEALTHY: ("17621005", "SCT", "Normal"),
}
_COMMENT = ("121106", "DCM", "Comment")


def capture(report: FilmReport) -> bytes:
    """The film with its heat map and verdict as a Secondary Capture.

    Raises:
        ImageReadError: The film is damaged.
        OutputError: It is not DICOM, or the secret for patient ids cannot be read.
    """
    import highdicom as hd

    film = _reference(report)
    picture = with_margin(report.picture(), report)
    with decoding(display_name(report.film.path)):
        made = hd.sc.SCImage.from_ref_dataset(
            film,
            pixel_array=picture,
            photometric_interpretation="RGB",
            bits_allocated=8,
            coordinate_system="PATIENT",
            patient_orientation=("L", "F"),
            transfer_syntax_uid="1.2.840.10008.1.2.1",
            manufacturer=_MAKER,
            **_new_ids(9001),
        )
    # The film's own, as it stands there; of one that was turned nobody knows it.
    is_turned = any(mend != "invert" for mend in report.mends)
    made.PatientOrientation = "" if is_turned else film.get("PatientOrientation", "")
    # The words in its margin name nobody; what the film itself has is not known.
    if said := film.get("BurnedInAnnotation"):
        made.BurnedInAnnotation = said
    made.SeriesDescription = "Hilum: heat map"
    made.DerivationDescription = DISCLAIMER
    return _content(made, film)


def structured_report(report: FilmReport) -> bytes:
    """The probabilities, operating points and verdict as a Structured Report.

    Its template is the standard's for measurements, TID 1500, with a group for each
    finding. Raises as `capture`.
    """
    import highdicom as hd

    film = _reference(report)
    device = hd.sr.ObserverContext(
        observer_type=_code("121007", "DCM", "Device"),
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(
            uid=hd.UID.from_uuid(str(uuid.UUID(report.bundle.sha256[:32]))),
            name=report.card.name,
            manufacturer_name=_MAKER,
            model_name=report.bundle.sha256,
        ),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=device),
        procedure_reported=_code("399208008", "SCT", "Plain chest X-ray"),
        imaging_measurements=[_group(row, film, report) for row in report.rows],
    )
    # The template is open at its end: what people need to know beside the numbers.
    for line in (report.headline, *report.lines, DISCLAIMER):
        comment = hd.sr.TextContentItem(_code(*_COMMENT), line, "CONTAINS")
        content[0].ContentSequence.append(comment)
    with decoding(display_name(report.film.path)):
        made = hd.sr.ComprehensiveSR(
            evidence=[film],
            content=content,
            manufacturer=_MAKER,
            is_complete=True,
            is_verified=False,
            **_new_ids(9002),
        )
    made.SeriesDescription = "Hilum: findings"
    return _content(made, film)


def _group(
    row: FindingRow, film: Any, report: FilmReport
) -> hd.sr.MeasurementsAndQualitativeEvaluations:
    """One finding: how likely, from where on it is stated, and whether it is."""
    import highdicom as hd

    unit = _code("1", "UCUM", "no units")
    point = _code("operating-point", _PRIVATE, "Stated from this probability")
    answer = ("373066001", "Yes") if row.stated else ("373067005", "No")
    evaluation = hd.sr.QualitativeEvaluation(
        _code("stated", _PRIVATE, "Stated as the finding"),
        _code(answer[0], "SCT", answer[1]),
    )
    source = hd.sr.SourceImageForMeasurementGroup(film.SOPClassUID, film.SOPInstanceUID)
    probability = _code("122157", "DCM", "Probability")
    return hd.sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(hd.UID(), row.label),
        finding_type=_code(
            *_CODES.get(row.label, (row.label[:16], _PRIVATE, row.name))
        ),
        algorithm_id=hd.sr.AlgorithmIdentification(
            name=f"{_MAKER} {__version__}, {report.card.name}",
            version=report.bundle.sha256,
            parameters=[f"{name} {value}" for name, value in report.provenance()],
        ),
        measurements=[
            hd.sr.Measurement(probability, round(row.probability, 6), unit),
            hd.sr.Measurement(point, row.point, unit),
        ],
        qualitative_evaluations=[evaluation],
        source_images=[source],
    )


def _reference(report: FilmReport) -> Any:
    """The film's own tags, without its patient unless that was asked for."""
    import highdicom as hd

    # It quotes names of patients that have one part alone: stderr may not see them.
    warnings.filterwarnings("ignore", module=r"highdicom\.")
    name = display_name(report.film.path)
    if report.film.facts.format != "DICOM":
        raise OutputError(
            f'"{name}" is no DICOM file, and has no study that these could belong to.',
            hint="Make a PDF or an HTML page of it.",
        )
    content = report.content
    if not report.with_patient:
        content, _, _ = deidentified_dicom(content, name, installation_salt())
    dataset = read_dataset(content, name)
    for keyword in _MAY_BE_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    empty_unless_dates(dataset, "PatientBirthDate", "StudyDate", "StudyTime")
    # Of a film without ids the same file always has the same.
    stamp = hashlib.sha256(report.content).hexdigest()
    if not dataset.get("SOPClassUID"):
        dataset.SOPClassUID = SECONDARY_CAPTURE
    for keyword in _UIDS:
        if not dataset.get(keyword):
            named = uuid.uuid5(uuid.NAMESPACE_OID, f"{keyword} {stamp}")
            setattr(dataset, keyword, hd.UID.from_uuid(str(named)))
    return dataset


def _new_ids(series: int) -> dict[str, Any]:
    """Ids of a series of its own, whose number keeps it behind the films; in UTF-8."""
    import highdicom as hd

    return {
        "series_instance_uid": hd.UID(),
        "series_number": series,
        "sop_instance_uid": hd.UID(),
        "instance_number": 1,
        "specific_character_set": "ISO_IR 192",
    }


def _code(value: str, scheme: str, meaning: str) -> hd.sr.CodedConcept:
    import highdicom as hd

    return hd.sr.CodedConcept(value, scheme, meaning[:64])


def _content(made: Any, film: Any) -> bytes:
    """The object as the bytes of a file, marked as the film is."""
    for keyword in _FREED:
        if keyword in film:
            setattr(made, keyword, film.get(keyword))
    made.SoftwareVersions = __version__
    file = io.BytesIO()
    made.save_as(file, enforce_file_format=True)
    return file.getvalue()
