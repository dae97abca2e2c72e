"""Tries what a job would do, to find a setting for it; trains nothing that stays."""
