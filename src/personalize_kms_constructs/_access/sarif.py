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
from typing import Any
from urllib.parse import quote

from .._values import shown
from .entries import Entry
from .findings import RULES, Finding, findings_of
from .lines import Lines
from .model import Problem
from .outcome import AccessFindings
from .short_names import Names
from .words import what_to_do

Json = dict[str, Any]


def sarif_report(report: AccessFindings, manifest: Path, version: str) -> str:
    """Return the report as SARIF: a result for each finding, at the first template that it is about.

    The location is in a template, for any language of the CDK, whether it is in the repository or not. GitHub takes
    paths relative to the repository, which are those relative to the working directory: the command is run where the
    repository is.
    """
    ids = list(RULES)
    names, told, lines = Names(report.names), Counter[str](), Lines()
    results = []
    for finding in findings_of(report):
        print = _fingerprint(finding, names)
        told[print] += 1
        results.append(
            {
                "ruleId": finding.rule,
                "ruleIndex": ids.index(finding.rule),
                "level": finding.level,
                # Two braces side by side stand for one (SARIF, 3.11.5), and a statement may end in two.
                "message": {"text": re.sub(r"(?<=[{}])(?=[{}])", " ", _message(finding, names))},
                "locations": [_location(finding, manifest, lines)],
                # GitHub takes this one alone, and its action makes it of the lines of the file where there is none.
                "partialFingerprints": {"primaryLocationLineHash": f"{print}:{told[print]}"},
            }
        )
    driver = {"name": "personalize-kms", "semanticVersion": version, "rules": [_rule(each) for each in ids]}
    run = {"tool": {"driver": driver}, "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return shown(json.dumps(log, indent=2, ensure_ascii=False)) + "\n"


def _message(finding: Finding, names: Names) -> str:
    step = what_to_do(finding, names)
    return ". ".join(filter(None, (finding.text, f"What to do: {step}" if step else "", finding.page)))


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


def _fingerprint(finding: Finding, names: Names) -> str:
    """Return a digest that stays as it is while the finding does, whatever is added to what it is about."""
    about = finding.about[0]
    if isinstance(about, Problem):
        same = [about.subject, about.cause.id]
    else:
        entries = [entry for entry in finding.about if isinstance(entry, Entry)]
        resources = sorted({entry.resource for entry in entries})
        arns = sorted({entry.principal_arn for entry in entries})
        named = [names.of(arn) for arn in (*arns, about.policy_of, *resources)]
        # More that is too much isn't the same, and may be worse. Without a principal it is about whoever asks.
        more = sorted({entry.action for entry in entries if entry.kind == "excess"})
        same = [about.policy, *named, *more, *([] if about.principal else about.needed_by)]
    return hashlib.sha256("\n".join([finding.rule, *same]).encode()).hexdigest()[:16]


def _location(finding: Finding, manifest: Path, lines: Lines) -> Json:
    """Return the first place of a finding; the assembly's manifest, if it is about the app."""
    first = next(iter(finding.to_change), None)
    file = manifest if first is None else Path(first.template)
    line = 1 if first is None else lines.of(first)
    region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}
    location: Json = {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": region}}
    if first is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": first.construct_path, "kind": "resource"}]
    return location


def _uri(file: Path) -> str:
    path = Path(os.path.relpath(file))
    return Path(os.path.abspath(file)).as_uri() if ".." in path.parts else quote(path.as_posix())
