"""Problems, permissions beyond the needs, and strangers let in by policies."""
