"""The form and its prediction, as pages."""
