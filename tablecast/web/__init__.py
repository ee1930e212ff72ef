"""The web application: form, API, model card and batches."""
