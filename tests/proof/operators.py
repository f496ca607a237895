"""Every single way to break a template: each operator yields the mutants that it finds a place for."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from tests.proof import page
from tests.proof.assembly import Assembly
from tests.proof.evaluator import as_list
from tests.proof.mutants import DOCUMENTS, Mutant, broken, places, put, remove, repeat, without

STRANGE_ACTIONS = (
    "kms:Encrypt",
    "kms:ReEncryptTo",
    "kms:RevokeGrant",
    "kms:Decrypt",
    "kms:CreateGrant",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:List*",
    "kms:*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "s3:GetObject?",
    "cloudwatch:PutMetricData",
    "cloudwatch:PutDashboard",
    "sts:AssumeRole",
    "sts:TagSession",
    "iam:PassRole",
    "*",
)
STRANGE_SERVICES = ("personalise.amazonaws.com", "personalize.amazonaws.com.cn", "Personalize.amazonaws.com", "*")
ANOTHER_ROLE = "arn:aws:iam::111122223333:role/another"
SOURCE = {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def drop_statement(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        yield Mutant(f"drop {place.name}", broken(assembly, place, remove))


def repeat_statement(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        if "Sid" in place.statement:
            yield Mutant(f"repeat {place.name}", broken(assembly, place, repeat))


def deny_instead(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        yield Mutant(f"deny {place.name}", broken(assembly, place, put("Effect", "Deny")))


def drop_action(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        actions = as_list(place.statement["Action"])
        for action in actions:
            kept = [each for each in actions if each != action]
            yield Mutant(f"{place.name} without {action}", broken(assembly, place, put("Action", kept)))


def misspell_action(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        actions = as_list(place.statement["Action"])
        for index, action in enumerate(actions):
            wrong = [*actions[:index], action[:-1], *actions[index + 1 :]]
            yield Mutant(f"{place.name} with {action[:-1]}", broken(assembly, place, put("Action", wrong)))


def add_action(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        actions = as_list(place.statement["Action"])
        on_everything = page.ON_EVERYTHING if not page.ON_EVERYTHING.isdisjoint(actions) else set()
        for action in STRANGE_ACTIONS:
            # One of these is no stranger to another.
            if action not in actions and action not in on_everything:
                added = put("Action", [*actions, action])
                yield Mutant(f"{place.name} with {action}", broken(assembly, place, added))


def all_actions_but_these(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        changed = without("Action", {"NotAction": place.statement["Action"]})
        yield Mutant(f"NotAction {place.name}", broken(assembly, place, changed))


def change_resource(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        for index, resource in enumerate(as_list(place.statement.get("Resource"))):
            if resource == "*":
                continue
            template = assembly.templates[place.template]
            arn = assembly.value(template.file, resource)
            others = {"*": "widened", "": "dropped", arn[:-2] + "*": "cut short", arn + "2": "misspelt"}
            if ":s3:::" in arn:
                others[arn.split("/")[0] + "/*"] = "widened to all objects"
                others[arn.split("/")[0]] = "narrowed to the bucket"
            for other, how in others.items():
                if other != arn:
                    resources = as_list(place.statement["Resource"])
                    changed = [*resources[:index], *([other] if other else []), *resources[index + 1 :]]
                    name = f"{place.name} {arn.rsplit(':', 1)[-1]} {how}"
                    yield Mutant(name, broken(assembly, place, put("Resource", changed)))


def narrow_everything(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        if place.statement.get("Resource") == "*":
            other = "arn:aws:kms:eu-west-1:111122223333:key/another"
            yield Mutant(f"{place.name} on {other}", broken(assembly, place, put("Resource", other)))


def change_principal(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        principal = place.statement.get("Principal")
        if principal is None:
            continue
        template = assembly.templates[place.template]
        others: dict[str, Any] = {
            "everybody": "*",
            "every account": {"AWS": "*"},
            "another role": {"AWS": ANOTHER_ROLE},
            "another account": {"AWS": "arn:aws:iam::999988887777:root"},
            "the number of the account": {"AWS": "111122223333"},
        }
        if "Service" in principal:
            others.update({service: {"Service": service} for service in STRANGE_SERVICES})
            others["another service too"] = {"Service": ["personalize.amazonaws.com", "forecast.amazonaws.com"]}
            others["the account too"] = {**principal, "AWS": "arn:aws:iam::111122223333:root"}
        else:
            arn = assembly.value(template.file, principal["AWS"])
            others["a longer name"] = {"AWS": arn + "2"}
            others["a shorter name"] = {"AWS": arn[:-1]}
            others["a name of another partition"] = {"AWS": arn.replace(":aws:", ":aws-cn:")}
            others["a service of that name"] = {"Service": arn}
            others["another role too"] = {"AWS": [arn, ANOTHER_ROLE]}
            others["its principal and the service"] = {"AWS": arn, "Service": "personalize.amazonaws.com"}
        for how, other in others.items():
            yield Mutant(f"{place.name} for {how}", broken(assembly, place, put("Principal", other)))
        inverted = without("Principal", {"NotPrincipal": principal})
        yield Mutant(f"{place.name} for all but its principal", broken(assembly, place, inverted))


def change_condition(assembly: Assembly) -> Iterator[Mutant]:
    for place in places(assembly):
        conditions = place.statement.get("Condition")
        if conditions is None:
            yield Mutant(f"{place.name} with a condition", broken(assembly, place, put("Condition", SOURCE)))
            continue
        yield Mutant(f"{place.name} without conditions", broken(assembly, place, without("Condition")))
        template = assembly.templates[place.template]
        for operator, keys in conditions.items():
            others = {name: value for name, value in conditions.items() if name != operator}
            ((key, value),) = keys.items()
            text = assembly.value(template.file, value)
            changed: list[tuple[str, dict[str, Any]]] = [
                ("dropped", others),
                ("if it exists", {**others, f"{operator}IfExists": keys}),
                ("required", {**others, operator.removesuffix("IfExists"): keys}),
                ("not", {**others, operator.replace("Equals", "NotEquals").replace("Like", "NotLike"): keys}),
                ("for all values", {**others, f"ForAllValues:{operator}": keys}),
                ("misspelt key", {**others, operator: {key[:-1]: value}}),
                ("misspelt value", {**others, operator: {key: text[:-1] + "x"}}),
                ("any value", {**others, operator: {key: "arn:*:*:*:*:*" if operator.startswith("Arn") else "*"}}),
                ("wide value", {**others, "StringLike": {key: text[:-3] + "*"}}),
            ]
            for how, condition in changed:
                if condition == conditions:
                    continue
                name = f"{place.name} {operator} {key} {how}"
                yield Mutant(name, broken(assembly, place, put("Condition", condition)))


def swap_keys(assembly: Assembly) -> Iterator[Mutant]:
    keys = sorted(assembly.deployed().keys)
    for place in places(assembly):
        resources = as_list(place.statement.get("Resource"))
        for index, resource in enumerate(resources):
            arn = assembly.value(assembly.templates[place.template].file, resource)
            for other in keys if arn in keys else ():
                if other != arn:
                    swapped = [*resources[:index], other, *resources[index + 1 :]]
                    yield Mutant(f"{place.name} {arn} for {other}", broken(assembly, place, put("Resource", swapped)))


def swap_properties(assembly: Assembly) -> Iterator[Mutant]:
    """Another key or role for the resources of Personalize, and managed policies that hang in the air."""
    deployed = assembly.deployed()
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            for name, values in _swappable(resource["Type"], sorted(deployed.keys)):
                for value in values:
                    if assembly.value(template.file, _at(resource["Properties"], name)) != value:
                        templates = list(assembly.templates)
                        templates[number] = copy.deepcopy(template)
                        *path, last = name
                        _at(templates[number].body["Resources"][logical_id]["Properties"], path)[last] = value
                        yield Mutant(f"{logical_id} {'.'.join(name)} {value}", Assembly(templates))


def _swappable(type: str, keys: list[str]) -> list[tuple[list[str], list[Any]]]:
    roles: list[Any] = [ANOTHER_ROLE]
    to = ["MetricsOutputConfig", "S3DataDestination"]
    every: dict[str, list[tuple[list[str], list[Any]]]] = {
        "AWS::Personalize::DatasetGroup": [(["KmsKeyArn"], [*keys, None]), (["RoleArn"], [*roles, None])],
        "AWS::Personalize::Dataset": [
            (["DatasetImportJob", "RoleArn"], roles),
            (["DatasetImportJob", "DataSource", "DataLocation"], ["s3://another/import/"]),
        ],
        "AWS::Personalize::MetricAttribution": [
            (["MetricsOutputConfig", "RoleArn"], roles),
            ([*to, "KmsKeyArn"], [*keys, None]),
            ([*to, "Path"], ["s3://another/metrics/"]),
        ],
        "AWS::IAM::ManagedPolicy": [(["Roles"], [[]])],
    }
    return every.get(type, [])


def _at(properties: dict[str, Any], path: list[str]) -> Any:
    found: Any = properties
    for name in path:
        found = found[name]
    return found


def owner_denies(assembly: Assembly) -> Iterator[Mutant]:
    """A denial among the statements of others, which our statements alone know nothing of."""
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            name = DOCUMENTS.get(resource["Type"])
            if name is None or resource["Type"] == "AWS::IAM::Role":
                continue
            templates = list(assembly.templates)
            templates[number] = copy.deepcopy(template)
            denial = {"Sid": "OwnerDenies", "Effect": "Deny", "Action": "*", "Resource": "*"}
            if resource["Type"] != "AWS::IAM::ManagedPolicy":
                denial["Principal"] = "*"
            templates[number].body["Resources"][logical_id]["Properties"][name]["Statement"].append(denial)
            yield Mutant(f"{logical_id} denies everything", Assembly(templates))


OPERATORS: tuple[Callable[[Assembly], Iterator[Mutant]], ...] = (
    add_action,
    all_actions_but_these,
    change_condition,
    change_principal,
    change_resource,
    deny_instead,
    drop_action,
    drop_statement,
    misspell_action,
    narrow_everything,
    owner_denies,
    repeat_statement,
    swap_keys,
    swap_properties,
)
