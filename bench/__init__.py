"""Compares the construct with the same stack written by hand: ``python -m bench --help``."""
