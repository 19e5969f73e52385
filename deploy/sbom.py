"""The list of parts as CycloneDX 1.6: what node and hub install, with versions and licences.

    .venv/bin/python deploy/sbom.py --out sbom.cdx.json

Taken from the environment as it is installed: all that `matthan[agent,hub]` asks for, and what
these ask for in turn; what tests alone need is left out. Beside it the scripts that pages bring
along and the detector's models. The same environment gives the same bytes.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SHIPPED = ("agent", "hub")
ITSELF = "matthan"

Component = dict[str, Any]


def main() -> int:
    """Write it, or print it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, help="where to write it; otherwise it is printed")
    args = parser.parse_args()
    said = json.dumps(parts_list(), ensure_ascii=False, indent=1) + "\n"
    if args.out is None:
        sys.stdout.write(said)
    else:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        args.out.write_text(said, encoding="utf-8")
        print(f"{said.count('bom-ref')} parts: {args.out}")
    return 0


def parts_list() -> dict[str, Any]:
    """All of it."""
    itself = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = _closure(itself)
    found = [_python(distribution(name)) for name in sorted(needs) if name != ITSELF]
    found += [*_scripts(), *_models()]
    root: Component = {
        "type": "application",
        "bom-ref": _ref(ITSELF),
        "name": ITSELF,
        "version": itself["version"],
        "licenses": [{"expression": itself["license"]}],
    }
    digest = json.dumps([root, found], sort_keys=True, ensure_ascii=False)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"component": root},
        "components": found,
        "dependencies": [
            {"ref": _ref(name), "dependsOn": [_ref(one) for one in sorted(needs[name])]}
            for name in sorted(needs)
        ],
    }


def _closure(itself: dict[str, Any]) -> dict[str, set[str]]:
    """Name → what it asks for, of all that is shipped and installed here.

    What we ask for ourselves is read from pyproject.toml: an older set-up may be installed.
    """
    ours = [*itself["dependencies"], *(itself["optional-dependencies"][one] for one in SHIPPED)]
    lines = [line for one in ours for line in ([one] if isinstance(one, str) else one)]
    needs: dict[str, set[str]] = {ITSELF: set()}
    waiting = [(ITSELF, one) for one in _asked(lines, frozenset())]
    while waiting:
        who, (name, extras) = waiting.pop()
        if name in needs[who]:
            continue
        needs[who].add(name)
        needs.setdefault(name, set())
        lines = distribution(name).requires or []
        waiting += [(name, one) for one in _asked(lines, extras)]
    return needs


Asked = tuple[str, frozenset[str]]
"""A package, and with which extras."""


def _asked(lines: Iterable[str], extras: frozenset[str]) -> Iterator[Asked]:
    for line in lines:
        wanted = Requirement(line)
        holds = wanted.marker is None or any(
            wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""})
        )
        if not holds:
            continue
        try:
            yield _name(distribution(wanted.name)), frozenset(wanted.extras)
        except PackageNotFoundError:
            sys.exit(f"{wanted} is asked for and not installed: deploy/setup.sh test")


def _name(part: Distribution) -> str:
    return part.name.lower().replace("_", "-").replace(".", "-")


def _ref(name: str) -> str:
    return f"pypi:{name}"


def _python(part: Distribution) -> Component:
    name = _name(part)
    return {
        "type": "library",
        "bom-ref": _ref(name),
        "name": name,
        "version": part.version,
        "purl": f"pkg:pypi/{name}@{part.version}",
        **_licences(part),
    }


def _licences(part: Distribution) -> dict[str, Any]:
    """By its expression, else by its classifiers, else by the first line it says; maybe none."""
    said = part.metadata
    if expression := said.get("License-Expression"):
        return {"licenses": [{"expression": expression}]}
    begins = "License :: "
    named = [
        one.rpartition(" :: ")[2]
        for one in said.get_all("Classifier") or ()
        if one.startswith(begins) and one != "License :: OSI Approved"
    ]
    first = (said.get("License") or "").strip().partition("\n")[0][:200]
    names = named or ([first] if first and first != "UNKNOWN" else [])
    return {"licenses": [{"license": {"name": name}} for name in names]} if names else {}


def _scripts() -> Iterator[Component]:
    file = ROOT / "hub" / "web" / "static" / "vendor" / "VENDOR.toml"
    by_package: dict[str, list[dict[str, Any]]] = {}
    for said in tomllib.loads(file.read_text("utf-8"))["file"]:
        by_package.setdefault(said["package"], []).append(said)
    for name, files in sorted(by_package.items()):
        version = files[0]["version"]
        yield {
            "type": "library",
            "bom-ref": f"npm:{name}",
            "name": name,
            "version": version,
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
            "licenses": [{"license": {"id": files[0]["licence"]}}],
        }


def _models() -> Iterator[Component]:
    manifest = tomllib.loads((ROOT / "models" / "manifest.toml").read_text("utf-8"))
    for name, said in sorted(manifest["model"].items()):
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": said["sha256"]}],
        }


if __name__ == "__main__":
    sys.exit(main())
