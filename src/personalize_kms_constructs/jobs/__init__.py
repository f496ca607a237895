"""Personalize's recurring jobs, as fragments of Step Functions state machines.

Each fragment starts a job, waits until it is done and ends with the job's description, or fails
with Personalize's own reason. It allows its resource on its ``PersonalizeEncryption``, and grants
the role of your state machine the permissions of a caller.

You can use the states in state machines of either query language. Parameters are literals, tokens,
results of ``sfn.JsonPath`` (in JSONPath machines) or JSONata expressions (``"{% … %}"``, in both).
The description is the input of the next state, which finds the execution's input in
``$$.Execution.Input`` or ``$states.context.Execution.Input``. To keep the fragment's input, use
``fragment.to_single_state(result_path=…)``: the description is in a list with a single element. To
handle failures, call ``.add_catch(…)`` on that state. Use Standard state machines, the default: an
Express execution ends after five minutes.

Each time an execution enters a fragment, it starts a new job, also in a loop and in every item of a
Map. A retry or a redrive starts no second job. A failed job stays failed: to try again, start a new
execution, or retry the fragment as a single state.

By default each job has a new name, which retries and redrives keep. If you pass the name of an
existing job, the execution fails: put something of the execution into the name. Rarely, it also
fails if its own first attempt started the job and the answer was lost, unless the name has a UUID
in it. Policies allow the whole prefix of a location, and an execution fails if its path below the
prefix is empty.

Throttling and faults of the service are retried for minutes. While there are too many jobs
(``LimitExceededException``), or the resource is in use (``ResourceInUseException``), a fragment
retries for its ``patience`` on average, and at most twice as long; it keeps its ``timeout`` to
within 5 minutes.
"""

from .._aws_cdk_lib import explaining_an_old_version

with explaining_an_old_version():
    from ._batch_jobs import BatchInferenceJob, BatchSegmentJob
    from ._dataset_jobs import DataDeletionJob, DatasetExportJob, DatasetImportJob

__all__ = [
    "BatchInferenceJob",
    "BatchSegmentJob",
    "DataDeletionJob",
    "DatasetExportJob",
    "DatasetImportJob",
]
