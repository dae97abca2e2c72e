"""Read a folder of films into a table that survives a kill."""
