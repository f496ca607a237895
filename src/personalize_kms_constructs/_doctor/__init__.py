"""The deployed things of an account, read into the judge's model, and what keeps Personalize from working with them.

Everything here reads and nothing writes. It needs the extra ``doctor``, which brings boto3; nothing
else of the package imports it.
"""
