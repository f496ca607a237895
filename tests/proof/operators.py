"""Every single way to break a template."""

from collections.abc import Iterator
from typing import Any

from tests.proof import page
from tests.proof.assembly import Assembly
from tests.proof.model import Statement
from tests.proof.mutants import DOCUMENTS, Mutant, Operator, Place, at, changed, on_each_statement

Changes = Iterator[tuple[str, list[Statement]]]

STRANGE_ACTIONS = (
    "kms:Encrypt",
    "kms:Decrypt",
    "kms:CreateGrant",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:*",
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "cloudwatch:PutMetricData",
    "sts:AssumeRole",
    "*",
)
STRANGE_SERVICES = (
    "personalise.amazonaws.com",
    "personalize.amazonaws.com.cn",
    "Personalize.amazonaws.com",
    "*",
)
ANOTHER_ROLE = "arn:aws:iam::111122223333:role/another"
SOURCE = {"StringEquals": {"aws:SourceAccount": "111122223333"}}


@on_each_statement
def drop_statement(place: Place) -> Changes:
    yield f"drop {place.name}", []


@on_each_statement
def repeat_statement(place: Place) -> Changes:
    if "Sid" in place.statement:
        yield f"repeat {place.name}", [place.statement, place.statement]


@on_each_statement
def deny_instead(place: Place) -> Changes:
    yield f"deny {place.name}", [{**place.statement, "Effect": "Deny"}]


@on_each_statement
def drop_action(place: Place) -> Changes:
    for action in place.actions:
        kept = [other for other in place.actions if other != action]
        yield f"{place.name} without {action}", [{**place.statement, "Action": kept}]


@on_each_statement
def misspell_action(place: Place) -> Changes:
    for action in place.actions:
        wrong = [other[:-1] if other == action else other for other in place.actions]
        yield f"{place.name} with {action[:-1]}", [{**place.statement, "Action": wrong}]


@on_each_statement
def add_action(place: Place) -> Changes:
    # One of these is no stranger to another.
    on_everything = set() if page.ON_EVERYTHING.isdisjoint(place.actions) else page.ON_EVERYTHING
    for action in STRANGE_ACTIONS:
        if action not in place.actions and action not in on_everything:
            more = [*place.actions, action]
            yield f"{place.name} with {action}", [{**place.statement, "Action": more}]


@on_each_statement
def all_actions_but_these(place: Place) -> Changes:
    yield f"NotAction {place.name}", [_renamed(place.statement, "Action", "NotAction")]


@on_each_statement
def change_resource(place: Place) -> Changes:
    for index, resource in enumerate(place.resources):
        if resource == "*":
            continue
        arn = place.value(resource)
        others = {"*": "widened", "": "dropped", arn[:-2] + "*": "cut short", arn + "2": "misspelt"}
        if ":s3:::" in arn:
            others[arn.split("/")[0] + "/*"] = "widened to all objects"
            others[arn.split("/")[0]] = "narrowed to the bucket"
        for other, how in others.items():
            if other != arn:
                resources = [*place.resources]
                resources[index : index + 1] = [other] if other else []
                name = f"{place.name} {arn.rsplit(':', 1)[-1]} {how}"
                yield name, [{**place.statement, "Resource": resources}]


@on_each_statement
def narrow_everything(place: Place) -> Changes:
    if place.statement.get("Resource") == "*":
        other = "arn:aws:kms:eu-west-1:111122223333:key/another"
        yield f"{place.name} on {other}", [{**place.statement, "Resource": other}]


@on_each_statement
def change_principal(place: Place) -> Changes:
    principal = place.statement.get("Principal")
    if principal is None:
        return
    others: dict[str, Any] = {
        "everybody": "*",
        "every account": {"AWS": "*"},
        "another role": {"AWS": ANOTHER_ROLE},
        "another account": {"AWS": "arn:aws:iam::999988887777:root"},
        "the number of the account": {"AWS": "111122223333"},
    }
    if "Service" in principal:
        others.update({service: {"Service": service} for service in STRANGE_SERVICES})
        others["another service too"] = {
            "Service": ["personalize.amazonaws.com", "forecast.amazonaws.com"]
        }
        others["the account too"] = {**principal, "AWS": "arn:aws:iam::111122223333:root"}
    else:
        arn = place.value(principal["AWS"])
        others["a longer name"] = {"AWS": arn + "2"}
        others["a shorter name"] = {"AWS": arn[:-1]}
        others["a name of another partition"] = {"AWS": arn.replace(":aws:", ":aws-cn:")}
        others["a service of that name"] = {"Service": arn}
        others["another role too"] = {"AWS": [arn, ANOTHER_ROLE]}
        others["its principal and the service"] = {"AWS": arn, "Service": page.SERVICE}
    for how, other in others.items():
        yield f"{place.name} for {how}", [{**place.statement, "Principal": other}]
    spared = _renamed(place.statement, "Principal", "NotPrincipal")
    yield f"{place.name} for all but its principal", [spared]


@on_each_statement
def change_condition(place: Place) -> Changes:
    conditions = place.statement.get("Condition")
    if conditions is None:
        yield f"{place.name} with a condition", [{**place.statement, "Condition": SOURCE}]
        return
    without = {name: value for name, value in place.statement.items() if name != "Condition"}
    yield f"{place.name} without conditions", [without]
    for operator, keys in conditions.items():
        others = {name: value for name, value in conditions.items() if name != operator}
        ((key, value),) = keys.items()
        text = place.value(value)
        every: dict[str, dict[str, Any]] = {
            "dropped": others,
            "if it exists": {**others, f"{operator}IfExists": keys},
            "required": {**others, operator.removesuffix("IfExists"): keys},
            "not": {
                **others,
                operator.replace("Equals", "NotEquals").replace("Like", "NotLike"): keys,
            },
            "for all values": {**others, f"ForAllValues:{operator}": keys},
            "misspelt key": {**others, operator: {key[:-1]: value}},
            "misspelt value": {**others, operator: {key: text[:-1] + "x"}},
            "any value": {
                **others,
                operator: {key: "arn:*:*:*:*:*" if operator.startswith("Arn") else "*"},
            },
            "wide value": {**others, "StringLike": {key: text[:-3] + "*"}},
        }
        for how, condition in every.items():
            if condition != conditions:
                name = f"{place.name} {operator} {key} {how}"
                yield name, [{**place.statement, "Condition": condition}]


@on_each_statement
def swap_keys(place: Place) -> Changes:
    keys = sorted(place.assembly.deployed().keys)
    for index, resource in enumerate(place.resources):
        arn = place.value(resource)
        for other in keys if arn in keys else ():
            if other != arn:
                resources = [*place.resources[:index], other, *place.resources[index + 1 :]]
                name = f"{place.name} {arn} for {other}"
                yield name, [{**place.statement, "Resource": resources}]


def swap_properties(assembly: Assembly) -> Iterator[Mutant]:
    """Give Personalize's resources another key or role, and detach managed policies."""
    keys = sorted(assembly.deployed().keys)
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            for path, values in _swappable(resource["Type"], keys):
                now = assembly.value(template.file, at(resource["Properties"], path))
                for value in values:
                    if value != now:
                        name = f"{logical_id} {'.'.join(path)} {value}"
                        yield Mutant(name, changed(assembly, number, logical_id, path, value))


def owner_denies(assembly: Assembly) -> Iterator[Mutant]:
    """A denial among the statements of others, which our statements alone know nothing of."""
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            document = DOCUMENTS.get(resource["Type"])
            if document is None or resource["Type"] == "AWS::IAM::Role":
                continue
            denial = {"Sid": "OwnerDenies", "Effect": "Deny", "Action": "*", "Resource": "*"}
            if resource["Type"] != "AWS::IAM::ManagedPolicy":
                denial["Principal"] = "*"
            statements = [*resource["Properties"][document]["Statement"], denial]
            denied = changed(assembly, number, logical_id, [document, "Statement"], statements)
            yield Mutant(f"{logical_id} denies everything", denied)


def _renamed(statement: Statement, element: str, name: str) -> Statement:
    return {name if key == element else key: value for key, value in statement.items()}


def _swappable(type: str, keys: list[str]) -> list[tuple[list[str], list[Any]]]:
    """The paths of swapped properties, and their other values."""
    output = ["MetricsOutputConfig", "S3DataDestination"]
    every: dict[str, list[tuple[list[str], list[Any]]]] = {
        "AWS::Personalize::DatasetGroup": [
            (["KmsKeyArn"], [*keys, None]),
            (["RoleArn"], [ANOTHER_ROLE, None]),
        ],
        "AWS::Personalize::Dataset": [
            (["DatasetImportJob", "RoleArn"], [ANOTHER_ROLE]),
            (["DatasetImportJob", "DataSource", "DataLocation"], ["s3://another/import/"]),
        ],
        "AWS::Personalize::MetricAttribution": [
            (["MetricsOutputConfig", "RoleArn"], [ANOTHER_ROLE]),
            ([*output, "KmsKeyArn"], [*keys, None]),
            ([*output, "Path"], ["s3://another/metrics/"]),
        ],
        "AWS::IAM::ManagedPolicy": [(["Roles"], [[]])],
    }
    return every.get(type, [])


OPERATORS: tuple[Operator, ...] = (
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
