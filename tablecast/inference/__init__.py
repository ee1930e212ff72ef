"""Predictions and their explanations: columns in, predictions out."""
