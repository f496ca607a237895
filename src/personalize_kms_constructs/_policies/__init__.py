"""Policies of keys, roles and buckets, and what is in them."""
