"""Jobs as Personalize's API describes them."""

from personalize_kms_check import matrix
from tests.doctor.fake_account import OF_DAY, FakeAccount


def test_a_data_deletion_job_that_failed(account: FakeAccount) -> None:
    """Its status has no ``CREATE`` before it, as that of other jobs has."""
    account.add(
        matrix.DATA_DELETION_JOB, "forget", status="FAILED", failureReason="the file is empty"
    )
    says = f"! forget {OF_DAY} (data deletion job) failed: the file is empty; start another"
    assert says in account.written()
