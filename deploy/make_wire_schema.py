"""Writes docs/reference/wire.asyncapi.json; run it after a change of topics or messages.

python -m deploy.make_wire_schema
"""

import json
from pathlib import Path
from typing import Final

from agent.wire.schema import asyncapi

FILE: Final = Path(__file__).parents[1] / "docs" / "reference" / "wire.asyncapi.json"


def text() -> str:
    """The document as it is committed."""
    return json.dumps(asyncapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(FILE)
