"""Problems, permissions beyond the needs, and strangers that policies let in."""
