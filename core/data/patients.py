"""Whose film it is: by the manifest, the DICOM file, or the file's name."""

from __future__ import annotations

import dataclasses
import re
from pathlib import PurePath

from core.data.dataset import Sample
from core.errors import DatasetError

#: Where a patient's name in a data set comes from; the first that knows it wins.
MANIFEST, DICOM, FILE_NAME = "manifest", "DICOM", "file names"


def compile_pattern(pattern: str) -> re.Pattern[str] | None:
    """The user's regular expression for the patient in a file name.

    Args:
        pattern: Its first group is the patient; empty for none.

    Raises:
        DatasetError: Says what is wrong with it.
    """
    if not pattern:
        return None
    example = r"Write for example ^(\d+)_ for names such as 0012_pa.png."
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise DatasetError(
            f"The pattern {pattern} for patients in file names cannot be understood: "
            f"{error}.",
            hint=example,
        ) from error
    if not compiled.groups:
        raise DatasetError(
            f"The pattern {pattern} has no part in round brackets, which would be the "
            "patient.",
            hint=example,
        )
    return compiled


def with_patient(
    sample: Sample, dicom_patient: str, pattern: re.Pattern[str] | None
) -> tuple[Sample, str]:
    """The sample with its patient filled in where anything tells it.

    Returns:
        The sample, and `MANIFEST`, `DICOM`, `FILE_NAME` or an empty string.
    """
    if sample.patient:
        return sample, MANIFEST
    if dicom_patient:
        return dataclasses.replace(sample, patient=dicom_patient), DICOM
    found = pattern.search(PurePath(sample.file).name) if pattern else None
    if found and found.group(1):
        return dataclasses.replace(sample, patient=found.group(1)), FILE_NAME
    return sample, ""
