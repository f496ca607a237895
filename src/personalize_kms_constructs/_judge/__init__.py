"""The judge that comes with a construct: a validation plugin, and its findings in the CDK's terms."""
