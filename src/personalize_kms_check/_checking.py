"""``check_assembly``: the report on a cloud assembly."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ._comparison import compare
from ._findings.undeclared import with_undeclared
from ._model.report import AccessReport, merged
from ._model.requests import OpenQuestion
from ._reading import Reading, read_assemblies
from ._requests.created import with_created
from ._requests.created_problems import created_problems
from ._shared.accepted import in_lines, organization_problems
from ._templates.files import AssemblyError
from ._templates.given_paths import read_paths
from ._templates.given_policies import given_policies, policy_problems
from ._templates.manifest import Assembly
from ._templates.parameter_values import ParameterValues, parameter_problems


class CloudAssembly(Protocol):
    """An assembly as the CDK returns it, with the one member used here."""

    @property
    def directory(self) -> str:
        """The path of the folder."""
        ...


def check_assembly(
    assembly_or_path: CloudAssembly | str | os.PathLike[str],
    *,
    created: Sequence[Mapping[str, Any]] = (),
    organization: str | None = None,
    parameters: Mapping[str, str] | None = None,
    policies: Mapping[str, Mapping[str, Any]] | None = None,
) -> AccessReport:
    """Compare what a cloud assembly deploys with what AWS asks for Personalize.

    In a test of the app:

        report = check_assembly(app.synth())
        assert report.asked, report.to_text()  # else nothing was checked
        assert not report.missing and not report.problems and not report.undecided, report.to_text()

    Args:
        assembly_or_path: what ``app.synth()`` or ``stage.synth()`` returns, or the path of its
            directory, for example ``cdk.out``, or of a template in JSON or, with the extra ``cli``,
            in YAML, or of a folder of templates of one deployment. Nested stacks, and the stages of
            an app, are included.
        created: resources that code creates in Personalize and no template shows, in the form of
            metadata: ``{"serviceRole": …, "encryptionKey": …, "resources": [{"resource": "dataset
            import job", "source": {"bucket": …, "prefix": "import/"}}]}``. Keys, roles and buckets
            are ARNs or CloudFormation's references.
        organization: the id of the organization of the app's accounts, ``o-…``, for conditions on
            it.
        parameters: the values of the templates' parameters in the deployment to check, by ``NAME``
            or ``STACK:NAME``, with the name or the construct path of a stack. In conditions, the
            others have their defaults.
        policies: the documents of policies outside of the app: of managed policies and permissions
            boundaries by name, of keys and buckets by ARN.

    Raises:
        ValueError: if ``created``, ``organization``, ``parameters`` or ``policies`` is malformed,
            or ``parameters`` has a name unknown to all templates. The message has all the reasons.
        AssemblyError: a ``ValueError``: if there is no cloud assembly, or it can't be read. The
            message is one line: what and where. An unreadable policy or definition is undecided.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """
    path = getattr(assembly_or_path, "directory", assembly_or_path)
    if not isinstance(path, (str, os.PathLike)):
        raise AssemblyError(
            f"an object of type {type(path).__name__} isn't an assembly: pass app.synth() or a path"
        )
    parameters = {} if parameters is None else parameters
    policies = {} if policies is None else policies
    facts = Facts(created, "", organization, parameters, policies)
    return merged(report for report, _ in read_reports([Path(path)], facts))


class Facts(NamedTuple):
    """Facts outside of the templates, as users pass them."""

    created: Sequence[Mapping[str, Any]]
    created_file: str
    """The file with the declarations of ``created``; empty in Python."""
    organization: str | None
    parameters: Mapping[str, str]
    documents: Mapping[str, Mapping[str, Any]]


def read_reports(paths: Sequence[Path], facts: Facts) -> list[tuple[AccessReport, list[Assembly]]]:
    """Return the report on each app; errors are those of ``check_assembly``."""
    apps = read_paths(paths)
    assemblies = [*chain.from_iterable(apps)]
    for assembly in assemblies:
        for template in assembly.templates:
            template.raise_first_error()
    problems = [
        *organization_problems(facts.organization),
        *parameter_problems(facts.parameters, assemblies),
        *created_problems(facts.created, assemblies, facts.created_file),
        *policy_problems(facts.documents),
    ]
    if problems:
        raise ValueError(in_lines(problems))
    declaring = with_created(facts.created, assemblies)
    parameters = ParameterValues(facts.parameters, with_defaults=True)
    documents = given_policies(facts.documents)
    reports: list[tuple[AccessReport, list[Assembly]]] = []
    for app in apps:
        try:
            own = [declaring[assembly] for assembly in app]
            readings = read_assemblies(own, parameters, documents)
            for reading in readings:
                for _, reason in reading.broken:
                    raise AssemblyError(reason)
            of_app = [_report(reading, facts.organization) for reading in readings]
            reports.append((merged(of_app), app))
        except RecursionError:
            directory = app[0].directory
            raise AssemblyError(f"{directory}: something is nested too deeply to be read") from None
    return reports


def _report(reading: Reading, organization: str | None) -> AccessReport:
    """Return the report on an assembly; errors in its requests and policies are open questions."""
    model = with_undeclared(reading.model)
    for template, reason in reading.errors:
        model.open_questions.append(OpenQuestion(template.name, reason))
    return compare(replace(model, organization=organization or ""))
