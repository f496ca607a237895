"""The type of the metadata that constructs leave in an assembly, and by which the check finds it."""

METADATA_TYPE = "personalize-kms-constructs:resources"
