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
from core.model.bundle import ModelBundle, ModelCard, provenance, provenance_text
from core.model.card import set_in_words
from core.model.classifier import Verdict
from core.model.conformal import COVERAGE
from core.model.gradcam import draw_contours, heatmap_from_evidence, overlay
from core.model.lungs import HALF
from core.model.wording import DOUBT, headline, scope_note, sentence
from core.reports.margin import DISCLAIMER, Margin
from core.words import exact_percent, percent


@dataclasses.dataclass(frozen=True)
class FindingRow:
    """One finding: its probability and operating point, for people and for programs."""

    label: str
    name: str
    probability: float
    point: float
    stated: bool

    @property
    def share(self) -> str:
        """The probability for people, to set beside `stated_from`."""
        return percent(self.probability, self.point)

    @property
    def stated_from(self) -> str:
        """The operating point for people."""
        return exact_percent(self.point)


@dataclasses.dataclass(frozen=True, eq=False)
class FilmReport:
    """What was found in a film, ready for a page.

    Attributes:
        film: As it was read.
        content: Of its file; empty for a picture that never was one.
        mends: What was done to it before: turned, inverted.
        bundle: The model, with local operating points where they stood in.
        verdict: What follows from its numbers.
        label: The finding whose evidence is shown; empty for a refused film.
        evidence: (h, w) float32, in units of the logit; None for a refused film.
        scale: What is to be said of the colours of an earlier layer's heat map.
        local: What says that local operating points stood in; empty where not.
        coverage: Of the set of findings.
        opacity, contour: How the heat map is drawn.
        with_patient: Whether names, ids and dates of the patient, and the name of
            the file, are told.
    """

    film: Radiograph
    content: bytes
    bundle: ModelBundle
    verdict: Verdict
    label: str = ""
    evidence: NDArray[np.float32] | None = None
    scale: str = ""
    local: str = ""
    coverage: float = COVERAGE
    opacity: float = 0.6
    contour: bool = False
    mends: Sequence[str] = ()
    with_patient: bool = False
    made: datetime = dataclasses.field(default_factory=datetime.now)

    @property
    def card(self) -> ModelCard:
        """The card of the model."""
        return self.bundle.card

    @property
    def headline(self) -> str:
        """The verdict in large letters."""
        return headline(self.verdict, self.card)

    @property
    def rows(self) -> list[FindingRow]:
        """The findings in the card's order; none of a refused film."""
        return finding_rows(self.verdict, self.card)

    @property
    def heat_title(self) -> str:
        """What the heat map shows."""
        return heat_title(self.card, self.label, self.scale)

    @property
    def strongest(self) -> str:
        """What its full colour means."""
        return _strongest(self.scale)

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

    def margin(self) -> Margin:
        """What its picture says below itself."""
        return margin_of(
            *(self.verdict, self.bundle, self.coverage),
            local=self.local,
            label=self.label if self.evidence is not None else "",
            scale=self.scale,
            opacity=self.opacity,
        )


def finding_rows(verdict: Verdict, card: ModelCard) -> list[FindingRow]:
    """A row for each finding, in the card's order; none of a refused film."""
    return [
        FindingRow(
            *(label, card.display_name(label), probability, card.threshold(label)),
            stated=label == verdict.finding,
        )
        for label, probability in verdict.probabilities.items()
    ]


def verdict_lines(verdict: Verdict, card: ModelCard, coverage: float) -> list[str]:
    """What stands below the headline, in sentences; the warnings come last."""
    rows = finding_rows(verdict, card)
    said = [f"{x.name} {x.share} (stated from {x.stated_from})" for x in rows]
    lines = [f"{'; '.join(said)}."] if said else [sentence(verdict, card)]
    if said:
        lines.append(scope_note(card.names))
    found = card.set_at(verdict.probabilities, coverage)
    if found is not None:
        words = set_in_words(found, card.names)
        lines.append(f"Set of findings at {percent(coverage)} coverage: {words}.")
    if verdict.heat_in_lungs is not None:
        lines.append(f"Heat in lungs: {percent(verdict.heat_in_lungs, HALF)}.")
    if verdict.is_doubtful and rows:
        lines.append(DOUBT)
    return [*lines, *(f"Warning: {warning}" for warning in verdict.warnings)]


def heat_title(card: ModelCard, label: str, scale: str) -> str:
    """What a heat map shows; `scale` as `FilmReport` has it."""
    return f"Heat map: evidence for {card.display_name(label)}. {scale}".rstrip()


def margin_of(
    verdict: Verdict,
    bundle: ModelBundle,
    coverage: float,
    *,
    local: str,
    label: str,
    scale: str,
    opacity: float,
) -> Margin:
    """What a picture of a film says below itself.

    Args:
        label: The finding whose heat map lies over it; empty without one.
        verdict, bundle, coverage, local, scale, opacity: As `FilmReport` has them.
    """
    made_by = provenance_text(bundle.card, bundle.sha256)
    return Margin(
        headline=headline(verdict, bundle.card),
        lines=tuple(verdict_lines(verdict, bundle.card, coverage)),
        subject=heat_title(bundle.card, label, scale) if label else "",
        strongest=_strongest(scale),
        opacity=opacity,
        notes=tuple(filter(None, (f"{made_by}.", local, DISCLAIMER))),
    )


def verdict_text(margin: Margin) -> str:
    """The same words as plain text, for the clipboard."""
    parts = (margin.headline, *margin.lines, margin.subject, *margin.notes)
    return "\n".join(filter(None, parts))


def _strongest(scale: str) -> str:
    return "strongest place" if scale else "strong evidence"
