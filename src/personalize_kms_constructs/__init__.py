"""AWS CDK constructs that give Amazon Personalize the right access to customer-managed KMS keys."""

from .encryption import PersonalizeEncryption
from .imported_key_policy import ImportedKeyPolicy
from .locations import S3Location
from .pending import PendingStatements
from .resources import PersonalizeResource

__all__ = [
    "ImportedKeyPolicy",
    "PendingStatements",
    "PersonalizeEncryption",
    "PersonalizeResource",
    "S3Location",
]
