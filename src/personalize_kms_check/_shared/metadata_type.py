"""The type of the constructs' metadata in the assembly."""

METADATA_TYPE = "personalize-kms-constructs:resources"
