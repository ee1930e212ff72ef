"""The files of a saved model: read without trust, written whole."""
