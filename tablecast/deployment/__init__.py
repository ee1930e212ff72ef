"""The files of a saved model: checked before they are read, replaced as a whole."""
