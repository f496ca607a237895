"""Requests to Personalize in templates, metadata and declarations."""
