"""The report as SARIF 2.1.0, which GitHub and editors show.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from pathlib import Path
from urllib.parse import quote

from .._model.finding import Json
from .._model.report import AccessReport
from .._shared.values import unmark
from .line_numbers import LineNumbers
from .report_lines import Line, lines_of
from .rules import RULES
from .short_names import Names
from .words import what_to_do


def sarif_report(report: AccessReport, manifest: Path, version: str) -> str:
    """Return the report as SARIF: a result for each finding, at its first template.

    The location is in a template, for any language of the CDK, whether it is in the repository or
    not. GitHub takes paths relative to the repository. These are the paths relative to the working
    directory, since the command is run in the repository.
    """
    ids = list(RULES)
    names, line_numbers = Names(report.names), LineNumbers()
    numbers = Counter[str]()
    results = []
    for line in lines_of(report):
        fingerprint = _fingerprint(line, names)
        numbers[fingerprint] += 1
        # Two braces side by side stand for one (SARIF, 3.11.5), and a statement may end in two.
        text = re.sub(r"(?<=[{}])(?=[{}])", " ", _message(line, names))
        # GitHub takes no other, and its action hashes lines of the file where this is missing.
        line_hash = f"{fingerprint}:{numbers[fingerprint]}"
        results.append(
            {
                "ruleId": line.rule,
                "ruleIndex": ids.index(line.rule),
                "level": line.level,
                "message": {"text": text},
                "locations": [_location(line, manifest, line_numbers)],
                "partialFingerprints": {"primaryLocationLineHash": line_hash},
            }
        )
    rules = [_rule(id) for id in ids]
    driver = {"name": "personalize-kms", "semanticVersion": version, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return unmark(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _message(line: Line, names: Names) -> str:
    parts = [line.text]
    step = what_to_do(line, names)
    if step:
        parts.append(f"What to do: {step}")
    parts.append(line.first.page)
    return ". ".join(filter(None, parts))


def _rule(id: str) -> Json:
    says, page = RULES[id]
    return {
        "id": id,
        "name": id.partition("::")[2],
        "shortDescription": {"text": says},
        "fullDescription": {"text": says},
        "help": {"text": f"{says} See {page}", "markdown": f"{says} [AWS's documentation]({page})"},
        "helpUri": page,
        "properties": {"tags": ["security", "kms", "personalize"]},
    }


def _fingerprint(line: Line, names: Names) -> str:
    """Return a digest to recognize a line by, whatever is added to it."""
    first = line.first
    resources, arns, too_much = set(), set(), set()
    for finding in line.findings:
        resources.add(finding.resource)
        arns.add(finding.principal_arn)
        # More that is too much isn't the same, and may be worse.
        if finding.kind == "excess":
            too_much.add(finding.action)
    parts = [line.rule, first.policy]
    parts += map(names.of, (*sorted(arns), first.policy_of, *sorted(resources)))
    parts += sorted(too_much)
    if first.is_problem:
        parts = [line.rule, first.subject, first.cause.id]
    elif not first.principal:
        # Without a principal it is about the requests.
        parts += first.needed_by
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _location(line: Line, manifest: Path, numbers: LineNumbers) -> Json:
    """Return the first place of a line; the assembly's manifest, if it is about the app."""
    first = line.to_change[0] if line.to_change else None
    file = manifest if first is None else Path(first.template)
    number = 1 if first is None else numbers.of(first)
    region = {"startLine": number, "startColumn": 1, "endLine": number, "endColumn": 2}
    physical = {"artifactLocation": {"uri": _uri(file)}, "region": region}
    location: Json = {"physicalLocation": physical}
    if first is not None:
        logical = {"fullyQualifiedName": first.construct_path, "kind": "resource"}
        location["logicalLocations"] = [logical]
    return location


def _uri(file: Path) -> str:
    path = Path(os.path.relpath(file))
    return Path(os.path.abspath(file)).as_uri() if ".." in path.parts else quote(path.as_posix())
