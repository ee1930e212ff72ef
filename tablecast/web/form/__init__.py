"""The form and its answer, as pages."""
