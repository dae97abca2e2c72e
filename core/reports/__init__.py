"""Pages, charts and sentences for people."""

from core.paths import keep_matplotlib_inside

keep_matplotlib_inside()
