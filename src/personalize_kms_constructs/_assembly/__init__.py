"""A cloud assembly read into an access model: templates, what they deploy, and what is asked of Personalize."""
