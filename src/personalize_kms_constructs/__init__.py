"""AWS CDK constructs that give Amazon Personalize the right access to customer-managed KMS keys."""

from ._policies.pending import PendingStatements
from .encryption import PersonalizeEncryption
from .locations import S3Location
from .options import ImportedKeyPolicy, SourceAccountCheck
from .resources import PersonalizeResource

__all__ = [
    "ImportedKeyPolicy",
    "PendingStatements",
    "PersonalizeEncryption",
    "PersonalizeResource",
    "S3Location",
    "SourceAccountCheck",
]
