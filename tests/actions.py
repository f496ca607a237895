"""The actions that AWS's page on keys asks for: in a key policy, and in IAM."""

FIVE = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:ListGrants",
]
FOUR = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
