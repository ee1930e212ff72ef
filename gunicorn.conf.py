"""What ``gunicorn app:app`` reads in this folder: the package's own configuration."""

from tablecast.web.server.gunicorn_config import *  # noqa: F403 - gunicorn takes what it knows
