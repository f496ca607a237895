"""Data that the construct and the check share: strings with unknown parts, names, addresses."""

METADATA_TYPE = "personalize-kms-constructs:resources"
"""The type of the constructs' metadata in the assembly."""
