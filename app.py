"""The web application: ``python app.py`` serves it here, ``gunicorn app:app`` in production."""

from tablecast.settings import read_settings
from tablecast.web.app import create_app_or_exit

app = create_app_or_exit()

if __name__ == "__main__":
    app.run(host="0.0.0.0", port=read_settings()["port"])
