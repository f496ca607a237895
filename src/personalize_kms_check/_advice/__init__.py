"""The policies to change, and the statements each of them should have."""
