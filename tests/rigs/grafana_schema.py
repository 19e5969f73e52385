"""Check the dashboard against Grafana's own schema, as Grafana's foundation SDK has it.

    python3 -m venv /tmp/g && /tmp/g/bin/pip install grafana-foundation-sdk
    /tmp/g/bin/python tests/rigs/grafana_schema.py deploy/metrics/grafana.json

The SDK's types are made from Grafana's schemas. It reads the file and
writes it again: a key that Grafana does not know would be missing then. Prints the number of
panels.
"""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SDK = "grafana_foundation_sdk"


def lost(here: Any, again: Any, path: str = "") -> Iterator[str]:
    """The places of what is not the same after reading and writing."""
    if isinstance(here, dict) and isinstance(again, dict):
        for key, value in here.items():
            if key not in again:
                yield f"{path}.{key}"
            else:
                yield from lost(value, again[key], f"{path}.{key}")
    elif isinstance(here, list) and isinstance(again, list) and len(here) == len(again):
        for number, (one, other) in enumerate(zip(here, again, strict=True)):
            yield from lost(one, other, f"{path}[{number}]")
    elif here != again:
        yield path


def main(file: Path) -> int:
    """1 and the places, where something is lost."""
    importlib.import_module(f"{SDK}.cog.plugins").register_default_plugins()
    encoder = importlib.import_module(f"{SDK}.cog.encoder").JSONEncoder()
    dashboard = importlib.import_module(f"{SDK}.models.dashboard").Dashboard
    here = json.loads(file.read_text("utf-8"))
    missing = list(lost(here, json.loads(encoder.encode(dashboard.from_json(here)))))
    kinds = sorted({panel["type"] for panel in here["panels"]})
    told = f"{len(here['panels'])} panels ({', '.join(kinds)}), {len(missing)} places lost"
    sys.stdout.write("\n".join([told, *missing]) + "\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
