"""Prediction intervals: learnt by conformal prediction, computed from a few stored numbers."""
