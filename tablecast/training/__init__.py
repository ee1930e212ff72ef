"""From a prepared table to a proven deployment."""
