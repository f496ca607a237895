"""An app that a team could own: movie recommendations on data encrypted with keys of its own."""
