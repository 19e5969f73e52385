"""Writes the list of parts (SBOM, CycloneDX 1.6): what a node and a hub are made of.

    .venv/bin/python deploy/sbom.py dist/parts.cdx.json

cyclonedx-bom lists the Python packages of this environment; those that only tests need are left
out. Added is what it cannot see: browser files of others, models, and the Debian packages that the
installers ask for, without a version, since the Debian release decides it. The same environment
gives the same bytes.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
DEBIAN_AS_ASKED = ("caddy", "lego", "postgresql", "postgresql-client")
"""Packages that the hub's installer adds for `--https` and `--database`, beside packages.txt."""

Component = dict[str, Any]


def main() -> int:
    """Write the list to the file that is named."""
    if len(sys.argv) != 2:
        sys.exit("usage: sbom.py FILE")
    out = Path(sys.argv[1])
    bom = parts()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(bom, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(bom['components'])} parts: {out}")
    return 0


def parts() -> dict[str, Any]:
    """The whole list."""
    bom, names = environment(), shipped()
    kept = {one["bom-ref"] for one in bom["components"] if canonicalize_name(one["name"]) in names}
    bom["components"] = [one for one in bom["components"] if one["bom-ref"] in kept]
    refs = kept | {bom["metadata"]["component"]["bom-ref"]}
    bom["dependencies"] = [
        one | {"dependsOn": [ref for ref in one.get("dependsOn", ()) if ref in kept]}
        for one in bom["dependencies"]
        if one["ref"] in refs
    ]
    bom["components"] += [*browser_files(), *models(), *debian_packages()]
    return bom


def environment() -> dict[str, Any]:
    """The list that cyclonedx-bom makes of this environment, with the project as the root."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--pyproject", "pyproject.toml"]
    # Its own check takes ten seconds; tests/deploy/test_parts_list.py makes it of the whole list.
    command += ["--output-reproducible", "--spec-version", "1.6", "--output-format", "JSON"]
    command += ["--no-validate"]
    done = subprocess.run(
        [*command, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"sbom: {done.stderr.strip()}")
    bom: dict[str, Any] = json.loads(done.stdout)
    return bom


def shipped() -> set[str]:
    """Names of the packages that node and hub install."""
    pins = subprocess.run(
        [ROOT / "deploy" / "pins.sh", "agent", "hub"], capture_output=True, text=True, check=True
    ).stdout
    lines = [line.removesuffix("\\") for line in pins.splitlines() if not line.startswith(" ")]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def browser_files() -> Iterator[Component]:
    """Code of others below hub/web/static/vendor, one part per npm package."""
    file = ROOT / "hub" / "web" / "static" / "vendor" / "VENDOR.toml"
    packages = {one["package"]: one for one in tomllib.loads(file.read_text("utf-8"))["file"]}
    for name, said in sorted(packages.items()):
        purl = f"pkg:npm/{name.replace('@', '%40')}@{said['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": said["version"],
            "purl": purl,
            "licenses": [{"license": {"id": said["licence"]}}],
        }


def models() -> Iterator[Component]:
    """The detector's model files by their hash; other input sizes are made from them."""
    manifest = tomllib.loads((ROOT / "models" / "manifest.toml").read_text("utf-8"))
    for name, said in sorted(manifest["model"].items()):
        if "file" not in said:
            continue
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "hashes": [{"alg": "SHA-256", "content": said["sha256"]}],
        }


def debian_packages() -> Iterator[Component]:
    """Debian packages that the installers of node and hub need."""
    lists = [ROOT / "deploy" / kind / "packages.txt" for kind in ("node", "hub")]
    names = {name for one in lists for name in one.read_text("utf-8").split()}
    for name in sorted(names | set(DEBIAN_AS_ASKED)):
        purl = f"pkg:deb/debian/{name}"
        yield {"type": "library", "bom-ref": purl, "name": name, "purl": purl}


if __name__ == "__main__":
    sys.exit(main())
