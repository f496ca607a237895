"""The judge that comes with a construct: a validation plugin of the app, and its findings."""
