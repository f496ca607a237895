"""IAM's decision on a call: principals, conditions and statements."""
