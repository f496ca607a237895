"""Personalize's jobs, which run again and again, as fragments of Step Functions state machines.

Each fragment starts one job, waits until it is done and ends with the job's description, or fails
with Personalize's own reason. It allows its resource on its ``PersonalizeEncryption``, and grants
the role of the state machine that it becomes part of what the caller needs.

The states work in state machines of either query language. Parameters are literals, tokens, what
``sfn.JsonPath`` returns (in JSONPath machines) or JSONata expressions (``"{% … %}"``, in both). The
description is the input of the next state, for which the execution's input is
``$$.Execution.Input`` or ``$states.context.Execution.Input``.
``fragment.to_single_state(result_path=…)`` lets the fragment's input go on too, with the
description in a list of one, and ``.add_catch(…)`` on that state takes whatever fails.

Each time a fragment is entered it starts a job of its own, in a loop and in every item of a Map
too. Throttling and faults of the service are tried again for minutes, and too many jobs at once for
a day on average. A retry or a redrive starts no second job; a job that has failed stays failed, and
takes a new execution, or a retry of the fragment as one state, to be tried again.

The name of a job made here is a new one each time the fragment is entered, and retries and redrives
keep it. If a job had a name of your own before, the execution fails; one of that name that another
execution starts while this one tries again counts as its own. Policies allow the whole prefix of a
location, and an execution whose path below it is empty fails. While there are too many jobs
(``LimitExceededException``), a fragment tries again, at most twice as long as its ``patience``; its
``timeout`` is kept to within 5 minutes.
"""

from ._batch_jobs import BatchInferenceJob, BatchSegmentJob
from ._dataset_jobs import DataDeletionJob, DatasetExportJob, DatasetImportJob

__all__ = [
    "BatchInferenceJob",
    "BatchSegmentJob",
    "DataDeletionJob",
    "DatasetExportJob",
    "DatasetImportJob",
]
