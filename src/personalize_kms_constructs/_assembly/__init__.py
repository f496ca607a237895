"""A cloud assembly read into an access model: templates, their resources, and requests."""
