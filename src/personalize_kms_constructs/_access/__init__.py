"""Permissions on keys and buckets, as data: no CDK and no boto3.

A template and an account are read into the same model, and ``compare`` compares it with AWS's
pages.
"""
