"""The policies to change, and the statements that each of them should have."""
