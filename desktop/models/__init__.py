"""Files of models: open, install, export, describe."""
