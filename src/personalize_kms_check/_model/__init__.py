"""Data of the check: requests, keys, roles, buckets and policies, findings and reports."""
