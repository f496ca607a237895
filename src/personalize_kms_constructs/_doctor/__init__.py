"""The deployed things of an account, as an access model, and what keeps Personalize from working with it.

Everything here reads and nothing writes. It needs the extra ``doctor``, which brings boto3; nothing else of the package
imports it.
"""
