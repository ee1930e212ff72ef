"""The watch: how a deployment is asked, how that drifts, and how good it was."""
