"""An AWS on loopback for tests and demos: ministack with a Personalize that checks permissions.

It refuses what AWS's pages say would be refused, judged by the policies as they are deployed at
that moment.
"""

from embedded_aws.launcher import EmbeddedAws

__all__ = ["EmbeddedAws"]
