"""A network that finds the lungs: trained, measured, put into a bundle."""
