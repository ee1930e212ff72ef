"""The web application: ``python app.py`` serves it here, ``gunicorn app:app`` in production."""

import logging

from tablecast.web.app import create_app_or_exit, settings_or_exit
from tablecast.web.http.access import open_to_all

app = create_app_or_exit()

if __name__ == "__main__":
    settings = settings_or_exit()
    if sentence := open_to_all("0.0.0.0", settings):
        logging.getLogger("tablecast").warning(sentence)
    app.run(host="0.0.0.0", port=settings["port"])
