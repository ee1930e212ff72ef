"""Sums by the name that a deployment is served under, counted after a commit; and previews."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: The name that gave most of the answers that the sums of a pickle are about. Where all of those
#: are deleted, nobody knows it any more: the sums stay, under no name.
NAMED = """
    INSERT INTO daily_of_name (deployment, sha256, day, share, sums)
    WITH given AS (
        SELECT sha256, deployment, COUNT(*) AS answers FROM prediction GROUP BY sha256, deployment
    ), ranked AS (
        SELECT sha256, deployment, ROW_NUMBER() OVER (
            PARTITION BY sha256 ORDER BY answers DESC, deployment
        ) AS place FROM given
    )
    SELECT COALESCE(ranked.deployment, ''), daily.sha256, day, share, sums
    FROM daily LEFT JOIN ranked ON ranked.sha256 = daily.sha256 AND ranked.place = 1
"""


def upgrade() -> None:
    """Make the tables anew, and keep the sums that are there."""
    op.add_column(
        "prediction", sa.Column("preview", sa.Boolean, nullable=False, server_default=sa.false())
    )
    op.create_table(
        "uncounted",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("deployment", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("ids", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "daily_of_name",
        sa.Column("deployment", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("day", sa.Integer, primary_key=True),
        sa.Column("share", sa.Integer, primary_key=True),
        sa.Column("sums", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(NAMED)
    op.drop_table("daily")
    op.rename_table("daily_of_name", "daily")
