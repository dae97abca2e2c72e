"""The project's figures, each against its alternative: `python -m tests.benchmarks`."""
