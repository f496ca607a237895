"""The construct against the same stack written by hand with plain CDK: ``python -m bench --help``."""
