"""Who may do what with keys and buckets, as data: no CDK and no boto3.

A template and an account are read into the same model, and ``compare`` holds it against AWS's pages.
"""
