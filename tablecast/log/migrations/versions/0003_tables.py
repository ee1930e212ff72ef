"""All of the log's tables. No release had a log before, so this is the first step.

Whoever adds a step writes down here what the tables were before it: these are made by it, too.
"""

from alembic import op

from tablecast.log.tables import METADATA

revision = "0003"
down_revision = None


def upgrade() -> None:
    """Make the tables; one that is there already is another program's."""
    METADATA.create_all(op.get_bind(), checkfirst=False)
