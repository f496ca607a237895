"""A state machine that imports, and then shows what the jobs rely on and AWS doesn't document.

The table of docs/documented.md, "What Step Functions tells the jobs' states", has each of it.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from integ.execution import CAUGHT, JSON_PATH, JSONATA, REDRIVE, RETRY
from personalize_kms_constructs.jobs import DatasetImportJob

_DESCRIBE = f"arn:{Aws.PARTITION}:states:::aws-sdk:personalize:describeDataset"


def machine(scope: Construct, job: DatasetImportJob, group_arn: str) -> sfn.StateMachine:
    """Make the state machine."""
    steps = "$identity := function($x) { $x }"
    redriven = "$states.context.Execution.RedriveTime"
    created = "$identity($states.input.CreationDateTime)"
    states: dict[str, dict[str, Any]] = {
        JSONATA: {
            "Type": "Pass",
            "Output": f"{{% ({steps}; {{'value': {created}, 'type': $type({created})}}) %}}",
        },
        REDRIVE: {"Type": "Pass", "Output": f"{{% $exists({redriven}) ? $type({redriven}) : 'absent' %}}"},
        # The role of the state machine may not describe the dataset group.
        RETRY: {
            "Type": "Task",
            "Resource": f"{_DESCRIBE}Group",
            "Arguments": f"{{% ({steps}; {{'DatasetGroupArn': $identity('{group_arn}')}}) %}}",
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Output": {
                        "error": "{% $states.errorOutput.Error %}",
                        "count": "{% $states.context.State.RetryCount %}",
                    },
                    "Next": JSON_PATH,
                }
            ],
        },
        JSON_PATH: {
            "QueryLanguage": "JSONPath",
            "Type": "Task",
            "Resource": f"{_DESCRIBE}ImportJob",
            "Parameters": {"DatasetImportJobArn.$": "$.missing"},
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": CAUGHT}],
        },
        CAUGHT: {"Type": "Pass", "Output": "{% $states.input.Error %}"},
    }
    chain: Any = sfn.Chain.start(job)
    for name, state in states.items():
        chain = chain.next(sfn.CustomState(scope, name, state_json={"QueryLanguage": "JSONata", **state}))
    return sfn.StateMachine(scope, "Machine", definition_body=sfn.DefinitionBody.from_chainable(chain))
