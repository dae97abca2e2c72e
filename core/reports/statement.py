"""What is said of a film, in words: beside its picture and in every report on it."""

from __future__ import annotations

import dataclasses

from core.model.bundle import ModelBundle, ModelCard, provenance_text
from core.model.card import set_in_words
from core.model.classifier import Verdict
from core.model.conformal import COVERAGE
from core.model.lungs import HALF
from core.model.wording import DOUBT, headline, scope_note, sentence
from core.words import exact_percent, percent

DISCLAIMER = "A research and teaching tool, not a medical device."


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


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class Statement:
    """What a model says of a film, and what else whoever reads that must know.

    Attributes:
        bundle: The model, with local operating points where they stood in.
        verdict: What follows from its numbers.
        label: The finding whose heat map is shown; empty without one.
        scale: What is to be said of the colours of an earlier layer's heat map.
        local: What says that local operating points stood in; empty where not.
        coverage: Of the set of findings.
        opacity: Of the heat map, 0 to 1.
    """

    bundle: ModelBundle
    verdict: Verdict
    label: str = ""
    scale: str = ""
    local: str = ""
    coverage: float = COVERAGE
    opacity: float = 0.6

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
        card, stated = self.card, self.verdict.finding
        return [
            FindingRow(
                *(label, card.display_name(label), probability, card.threshold(label)),
                stated=label == stated,
            )
            for label, probability in self.verdict.probabilities.items()
        ]

    @property
    def lines(self) -> list[str]:
        """What stands below the headline, in sentences; the warnings come last."""
        verdict, card, rows = self.verdict, self.card, self.rows
        said = [f"{x.name} {x.share} (stated from {x.stated_from})" for x in rows]
        lines = [f"{'; '.join(said)}."] if said else [sentence(verdict, card)]
        if said:
            lines.append(scope_note(card.names))
        found = card.set_at(verdict.probabilities, self.coverage)
        if found is not None:
            words = set_in_words(found, card.names)
            lines.append(
                f"Set of findings at {percent(self.coverage)} coverage: {words}."
            )
        if verdict.heat_in_lungs is not None:
            lines.append(f"Heat in lungs: {percent(verdict.heat_in_lungs, HALF)}.")
        if verdict.is_doubtful and rows:
            lines.append(DOUBT)
        return [*lines, *(f"Warning: {warning}" for warning in verdict.warnings)]

    @property
    def heat_title(self) -> str:
        """What the heat map shows; empty without one."""
        if not self.label:
            return ""
        name = self.card.display_name(self.label)
        return f"Heat map: evidence for {name}. {self.scale}".rstrip()

    @property
    def strongest(self) -> str:
        """What its full colour means."""
        return "strongest place" if self.scale else "strong evidence"

    @property
    def notes(self) -> list[str]:
        """Which model said it, on what terms; the disclaimer comes last."""
        made_by = provenance_text(self.card, self.bundle.sha256)
        return [note for note in (f"{made_by}.", self.local, DISCLAIMER) if note]

    @property
    def text(self) -> str:
        """All of it as plain text, for the clipboard."""
        parts = (self.headline, *self.lines, self.heat_title, *self.notes)
        return "\n".join(filter(None, parts))
