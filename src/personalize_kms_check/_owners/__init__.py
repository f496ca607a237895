"""The keys, roles and buckets of templates, with their policies and their order."""
