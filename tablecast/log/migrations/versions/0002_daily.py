"""What happened on each day, in sums."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "daily",
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("share", sa.Integer, primary_key=True),
        sa.Column("sums", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
