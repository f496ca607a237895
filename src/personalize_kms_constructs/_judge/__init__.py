"""The judge, a validation plugin brought to an app by its constructs, and its findings."""
