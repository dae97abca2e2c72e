"""Commands that write films."""
