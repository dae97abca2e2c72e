"""All that a report says of one film."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from core.films.patient_id import hashed, installation_salt
from core.films.radiograph import Radiograph, display_name
from core.model.bundle import provenance
from core.model.gradcam import draw_contours, heatmap_from_evidence, overlay
from core.reports.statement import Statement


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class FilmReport(Statement):
    """What was found in a film, ready for a page.

    Attributes:
        film: As it was read.
        content: Of its file; empty for a picture that never was one.
        evidence: (h, w) float32, in units of the logit; None for a refused film.
        contour: Whether the heat map is drawn as lines.
        mends: What was done to the film before: turned, inverted.
        with_patient: Whether names, ids and dates of the patient, and the name of
            the file, are told.
    """

    film: Radiograph
    content: bytes
    evidence: NDArray[np.float32] | None = None
    contour: bool = False
    mends: Sequence[str] = ()
    with_patient: bool = False
    made: datetime = dataclasses.field(default_factory=datetime.now)

    def picture(self) -> NDArray[np.uint8]:
        """The film with the heat map: (h, w, 3), or (h, w) where there is none."""
        grey = self.film.to_uint8()
        if self.evidence is None:
            return grey
        draw = draw_contours if self.contour else overlay
        heat = heatmap_from_evidence(self.evidence, grey.shape)
        return draw(grey, heat, self.opacity)

    def facts(self) -> list[tuple[str, str]]:
        """What is known of the film and, if that was asked for, of whom it is."""
        facts, identity = self.film.facts, self.film.identity
        rows = [
            ("File", display_name(self.film.path) if self.with_patient else ""),
            ("Kind", f"{facts.format}, {facts.colour}, {facts.bits} bit"),
            ("Pixels", f"{facts.width:,} × {facts.height:,}"),
            ("View", facts.view_position),
            ("Body part", facts.body_part.capitalize()),
            ("Changed", ", ".join(self.mends)),
        ]
        if self.content:
            rows.append(("SHA-256", hashlib.sha256(self.content).hexdigest()))
        if facts.patient and not self.with_patient:
            rows.append(("Patient", hashed(facts.patient, installation_salt())))
        if identity is not None and self.with_patient:
            rows += [
                ("Patient", identity.name),
                ("Patient id", identity.patient_id),
                ("Born", identity.born),
                ("Sex", identity.sex),
                ("Age", identity.age),
                ("Taken", f"{identity.date} {identity.time}".strip()),
                ("Study", identity.study),
                ("Institution", identity.institution),
            ]
        return [(name, value) for name, value in rows if value]

    def provenance(self) -> list[tuple[str, str]]:
        """Which model said it, and how it was computed."""
        named = provenance(self.card, self.bundle.sha256)
        titles = ("Model", "SHA-256", "Preprocessing", "Temperature", "Precision")
        rows = list(zip((*titles, "Hilum"), map(str, named.values()), strict=True))
        if self.local:
            rows.append(("Operating points", self.local))
        return [*rows, ("Report made", f"{self.made:%Y-%m-%d %H:%M}")]
