"""What key policies say of a role that was deleted: its unique id, which a role of the same name doesn't have.

IAM user guide, "IAM identifiers" (reference_identifiers, unique identifiers): a policy that names a role holds its id,
and shows the ARN as long as that role is there. ministack holds the ARN.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import iam, kms
from ministack.services.cloudformation import provisioners


def register() -> None:
    """Look at key policies whenever a role is deleted, by IAM or by CloudFormation."""
    delete = iam._IAM_HANDLERS["DeleteRole"]

    def delete_role(p: dict[str, Any]) -> Any:
        role = iam._roles.get(iam._p(p, "RoleName"))
        answer = delete(p)
        if role is not None and answer[0] == 200:
            _bury(role["Arn"], role["RoleId"])
        return answer

    iam._IAM_HANDLERS["DeleteRole"] = delete_role
    handlers = provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]
    delete_resource = handlers["delete"]

    def delete_role_of_stack(physical_id: str, properties: dict[str, Any]) -> Any:
        role = iam._roles.get(physical_id)
        answer = delete_resource(physical_id, properties)
        if role is not None:
            _bury(role["Arn"], role["RoleId"])
        return answer

    handlers["delete"] = delete_role_of_stack


def _bury(arn: str, role_id: str) -> None:
    for key in kms._keys.all_values():
        if arn in key["Policy"]:
            document = json.loads(key["Policy"])
            for statement in document["Statement"]:
                principal = statement.get("Principal")
                if isinstance(principal, dict) and "AWS" in principal:
                    named = principal["AWS"]
                    ids = [role_id if each == arn else each for each in ([named] if isinstance(named, str) else named)]
                    principal["AWS"] = ids[0] if isinstance(named, str) else ids
            key["Policy"] = json.dumps(document)
