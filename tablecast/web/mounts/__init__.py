"""Where deployments are served: one at the root, or those of a folder each under its name."""
