"""The doctor: an account read into the judge's model, and the faults in it.

Everything here reads and nothing writes. It needs the extra ``doctor``, which brings boto3; nothing
else of the package imports it.
"""
