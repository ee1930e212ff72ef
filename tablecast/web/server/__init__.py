"""Code for one of the two servers, gunicorn or granian."""
