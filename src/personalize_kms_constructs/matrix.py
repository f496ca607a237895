"""The permissions AWS documents, as data: see ``personalize_kms_check.matrix``."""

from personalize_kms_check.matrix import *  # noqa: F403
