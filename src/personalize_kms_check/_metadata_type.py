"""The type of the metadata that constructs leave in the assembly."""

METADATA_TYPE = "personalize-kms-constructs:resources"
