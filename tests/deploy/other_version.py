"""Another version of the hub, for tests of an upgrade: these programs with one migration more, and
with a fault.

Usage: python -m tests.deploy.other_version MIGRATIONS FAULT COMMAND…

FAULT: none; imports: as a module that this Python cannot read; migration: its migration fails, on a
copy too; later: it fails on the database itself alone; run: it ends at once; never: it is never
healthy.
"""

import os
import sys
from pathlib import Path
from typing import Final

FAULTS: Final = ("none", "imports", "migration", "later", "run", "never")
REVISION: Final = """
from alembic import op
import os
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "9999", "{head}", None, None


def upgrade():
    op.create_table("tomorrow", sa.Column("id", sa.Integer(), primary_key=True))
    if "MATTHAN_FAULT" in os.environ:
        raise RuntimeError("the column is there already")
"""


def main() -> None:
    """Be that version."""
    from hub.base.db import schema  # noqa: PLC0415 - when the arguments are known

    schema.MIGRATIONS = Path(sys.argv[1])  # type: ignore[misc]
    fault, command = sys.argv[2], sys.argv[3]
    if fault == "imports":
        raise TypeError("super(type, obj): obj must be an instance or subtype of type")
    if fault == "run" and command == "run":
        os.abort()
    if fault == "migration" or (fault == "later" and "--copy" not in sys.argv):
        os.environ["MATTHAN_FAULT"] = "yes"
    if fault == "never":
        from hub.app.parts import Parts  # noqa: PLC0415 - only with this fault

        setattr(Parts, "fault", lambda _: "the pages do not answer")  # noqa: B010 - a method
    from hub.__main__ import main as run_hub  # noqa: PLC0415 - after the faults

    sys.argv[:3] = ["matthan-hub"]
    run_hub()


if __name__ == "__main__":
    main()
