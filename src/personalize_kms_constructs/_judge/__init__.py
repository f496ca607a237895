"""The judge, a validation plugin: each construct brings it to its app. And its findings."""
