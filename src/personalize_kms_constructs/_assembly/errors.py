"""The error for bad input."""


class AssemblyError(ValueError):
    """A cloud assembly can't be read; the message is one line that says what is wrong, and where."""
