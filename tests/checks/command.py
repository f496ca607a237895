"""The command ``personalize-kms check``, in this process."""

from click.testing import CliRunner, Result

from personalize_kms_check._cli import personalize_kms


def run(*arguments: object, text: str | bytes | None = None) -> Result:
    """Run it with these arguments, and with this text on its standard input."""
    return CliRunner().invoke(personalize_kms, ["check", *map(str, arguments)], input=text)
