"""Data that the construct and the check share: strings with unknown parts, names, addresses."""
