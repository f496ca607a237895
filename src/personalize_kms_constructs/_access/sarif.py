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

from .entries import AccessFindings, Entry, Excess
from .findings import RULES, Finding, findings_of
from .grouping import Names
from .model import Problem

Json = dict[str, Any]


def sarif_report(report: AccessFindings, manifest: Path, version: str) -> str:
    """Return the report as SARIF: a result for each reason, at the first template that it is about.

    What is wrong is in a template, and only there for any language of the CDK, so that is the location, whether it is
    in the repository or not. GitHub takes paths relative to the repository, which are those relative to the working
    directory: the command is run where the repository is.
    """
    ids = list(RULES)
    names, told, places = Names(report.names), Counter[str](), _Places(manifest)
    results = []
    for finding in findings_of(report):
        print = _fingerprint(finding, names)
        told[print] += 1
        step = f"What to do: {finding.fix}" if finding.fix else ""
        text = ". ".join(filter(None, (finding.text, step, finding.page)))
        results.append(
            {
                "ruleId": finding.rule,
                "ruleIndex": ids.index(finding.rule),
                "level": finding.level,
                # Two braces side by side stand for one (SARIF, 3.11.5), and a statement may end in two.
                "message": {"text": re.sub(r"(?<=[{}])(?=[{}])", " ", text)},
                "locations": [places.first_of(finding)],
                # GitHub takes this one alone, and its action makes it of the lines of the file where there is none.
                "partialFingerprints": {"primaryLocationLineHash": f"{print}:{told[print]}"},
            }
        )
    driver = {"name": "personalize-kms", "semanticVersion": version, "rules": [_rule(each) for each in ids]}
    run = {"tool": {"driver": driver}, "results": results}
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


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
    """Return what stays as it is while the finding does, whatever is added to what it is about."""
    about = finding.about[0]
    if isinstance(about, Problem):
        same = [about.subject, about.cause.id]
    else:
        resources = sorted({each.resource for each in finding.about if isinstance(each, Entry)})
        named = [names.of(each) for each in (about.principal_arn, about.policy_of, *resources)]
        # What is of no principal is about whoever asks. More that is too much isn't the same, and may be worse.
        more = sorted({each.action for each in finding.about if isinstance(each, Excess)})
        same = [about.policy, *named, *more, *([] if about.principal else about.needed_by)]
    return hashlib.sha256("\n".join([finding.rule, *same]).encode()).hexdigest()[:16]


class _Places:
    """The locations of findings, in the files of an assembly."""

    def __init__(self, manifest: Path) -> None:
        self._manifest = manifest
        self._lines: dict[Path, list[str]] = {}

    def first_of(self, finding: Finding) -> Json:
        """Return the first place of a finding; the assembly's manifest, if it is about the app."""
        first = next(iter(finding.to_change), None)
        file = self._manifest if first is None else Path(first.template)
        line = self._line(file, first.logical_id) if first is not None and first.logical_id else 1
        region = {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}
        location: Json = {"physicalLocation": {"artifactLocation": {"uri": _uri(file)}, "region": region}}
        if first is not None:
            location["logicalLocations"] = [{"fullyQualifiedName": first.construct_path, "kind": "resource"}]
        return location

    def _line(self, file: Path, logical_id: str) -> int:
        """Return the line on which a resource begins."""
        if file not in self._lines:
            self._lines[file] = file.read_text("utf-8").splitlines()
        begins = re.compile(rf'(\s*)"?{re.escape(logical_id)}"?:(\s*\{{)?\s*(#.*)?')
        found = [(begins.fullmatch(line), number) for number, line in enumerate(self._lines[file], 1)]
        # A property may have the name of a resource, and is further in.
        return min(((len(line[1]), number) for line, number in found if line), default=(0, 1))[1]


def _uri(file: Path) -> str:
    path = Path(os.path.relpath(file))
    return Path(os.path.abspath(file)).as_uri() if ".." in path.parts else quote(path.as_posix())
