"""Writes the next migration from the difference between the migrated schema and `storage/tables/`.

Usage: python scripts/make_migration.py NNNN_slug "PURPOSE"
Review the result before committing it: renames and data migrations must be added by hand.
"""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event

from earmark.storage.migrate import _SCRIPTS, connect, known_revisions, upgrade


def main(revision: str, message: str) -> None:
    """Write the migration file."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine("sqlite://", creator=lambda: connect(Path(folder) / "blank.db"))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        with engine.begin() as connection:
            if known_revisions():
                upgrade(connection)
            config = Config()
            config.set_main_option("script_location", str(_SCRIPTS))
            config.set_main_option("file_template", "%%(rev)s")
            config.attributes["connection"] = connection
            command.revision(config, message=message, autogenerate=True, rev_id=revision)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2])
