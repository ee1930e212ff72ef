"""Prediction ranges, learnt by conformal prediction."""
