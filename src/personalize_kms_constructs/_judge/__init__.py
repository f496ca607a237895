"""The judge that comes with a construct: a validation plugin of the app, and what it finds in the CDK's terms."""
