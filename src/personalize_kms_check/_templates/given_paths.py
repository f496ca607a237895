"""Paths from users: of assemblies, and of templates without an assembly, alone or in folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .._model.declarations import STANDARD_INPUT
from .._shared.address import page_at
from .files import AssemblyError, read_template
from .manifest import Assembly, read_with_stages, template_alone
from .template import Template

_ENDINGS = (".json", ".yaml", ".yml", ".template")
_TERRAFORM = (".tf", ".tf.json")


def read_paths(paths: Iterable[Path]) -> list[list[Assembly]]:
    """Read each assembly with its stages, and all templates as one app deployed together."""
    apps: list[list[Assembly]] = []
    files: dict[str, Path] = {}
    for path in _each_once(paths).values():
        templates: list[Path] = []
        if not os.path.isfile(path / "manifest.json"):
            templates = _templates_at(path)
        if templates:
            files |= _each_once(templates)
        else:
            apps.append(read_with_stages(path))
    if files:
        apps.append([_deployed_together(list(files.values()))])
    return apps


def _each_once(paths: Iterable[Path]) -> dict[str, Path]:
    return {os.path.realpath(path): path for path in paths}


def _templates_at(path: Path) -> list[Path]:
    if path.name.endswith(_TERRAFORM):
        page = page_at("how-to/check.md")
        reason = f"the check doesn't read Terraform: the statements are in {page}"
        raise AssemblyError(f"{path}: {reason}")
    manifest = path.parent / "manifest.json"
    if os.path.isfile(path) and os.path.isfile(manifest):
        # Products are no stacks of an assembly, and other programs have manifests of this name.
        is_product = path.name.endswith(".product.template.json")
        if not is_product and b'"aws:cloudformation:stack"' in manifest.read_bytes():
            raise AssemblyError(f"{path} is a part of a cloud assembly: pass {path.parent}")
    if not os.path.isdir(path):
        return [path] if str(path) == STANDARD_INPUT or os.path.isfile(path) else []
    try:
        return [file for file in sorted(path.iterdir()) if _is_template(file)]
    except OSError as error:
        raise AssemblyError(f"{path}: can't be read: {error}") from None


def _is_template(file: Path) -> bool:
    """Tell if a file of a folder is a template; raise an error for a broken template."""
    if not file.name.endswith(_ENDINGS) or not os.path.isfile(file):
        return False
    text = file.read_bytes()
    return b"AWS::" in text and b"Resources" in text and "Resources" in read_template(file)


def _deployed_together(files: Sequence[Path]) -> Assembly:
    """Return templates as stacks whose environment and names only the deployment knows."""
    templates: list[Template] = []
    nested: set[str] = set()
    stems = [_stem(file) for file in files]
    for file, stem in zip(files, stems, strict=True):
        name = file.as_posix() if stems.count(stem) > 1 else stem
        template = template_alone(name, file)
        template.raise_first_error()
        if "Resources" not in template.body:
            raise AssemblyError(f"{file}: not a CloudFormation template: it has no Resources")
        nested.update(os.path.realpath(inner.path) for inner in template.nested.values())
        templates.append(template)
    # A template that is nested in another template is no stack of its own.
    tops = [template for template in templates if os.path.realpath(template.path) not in nested]
    return Assembly(files[0].parent, tops)


def _stem(file: Path) -> str:
    return "stdin" if str(file) == STANDARD_INPUT else file.name.partition(".")[0]
