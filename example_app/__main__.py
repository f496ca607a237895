"""The app that ``cdk.json`` runs."""

import aws_cdk as cdk

from example_app.data_stack import DataStack
from example_app.recommendations_stack import RecommendationsStack
from example_app.security_stack import SecurityStack

app = cdk.App()
security = SecurityStack(app, "Security")
data = DataStack(app, "Data")
RecommendationsStack(
    app, "Recommendations", encryption_key=security.encryption_key, bucket=data.bucket
)
app.synth()
