"""How long the training that is prepared will take, and how that is known."""

from __future__ import annotations

from collections.abc import Mapping

from core.runs.config import TrainingConfig
from core.runs.estimate import minutes_of, read_speeds
from core.runs.presets import PRESETS, config_from_preset
from core.words import duration_in_words
from desktop.retrain.preflight import Preflight


class TrainingTime:
    """Puts together what the machine's check and earlier runs tell.

    Attributes:
        speeds: Of the last check of this machine; None before the first.
    """

    def __init__(self) -> None:
        self.speeds = read_speeds()
        self._earlier: tuple[TrainingConfig | None, float | None] = (None, None)

    def note_earlier(self, config: TrainingConfig, minutes: float | None) -> None:
        """Take what finished runs of some settings took, if there were any."""
        self._earlier = (config, minutes)

    def minutes(self, config: TrainingConfig, found: Preflight | None) -> float | None:
        """Of the whole training; None where nothing is known.

        Args:
            found: What the check of the machine found for it; None before.
        """
        return found.minutes if found is not None else self._earlier_minutes(config)

    def in_words(self, config: TrainingConfig, found: Preflight | None) -> str:
        """That in sentences, and from what; empty where nothing is known."""
        minutes, earlier = self.minutes(config, found), self._earlier_minutes(config)
        if minutes is None:
            return ""
        most = "at most " if config.patience else ""
        took = f"It will take {most}{duration_in_words(60 * minutes)}"
        if found is None:
            return f"{took}, as earlier trainings with these settings did."
        words = f"{took}, as measured on a few steps."
        if earlier is not None:
            took = duration_in_words(60 * earlier)
            words += f" Earlier trainings with these settings took {took}."
        return words

    def of_recipes(
        self, films: Mapping[str, int], found: Preflight | None
    ) -> dict[str, float]:
        """Recipe -> minutes; none before this machine has been checked.

        Args:
            films: In "train", "val" and "test".
            found: What the last check found, of whatever settings.
        """
        if found is not None and found.speeds is not None:
            self.speeds = found.speeds
        speeds = self.speeds
        if speeds is None or not sum(films.values()):
            return {}
        configs = {name: config_from_preset(name) for name in PRESETS}
        return {
            name: sum(minutes_of(config, films, speeds).values())
            for name, config in configs.items()
        }

    def _earlier_minutes(self, config: TrainingConfig) -> float | None:
        known, minutes = self._earlier
        return minutes if known == config else None
