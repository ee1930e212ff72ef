"""A deployment as a folder that a host runs: written, written again, and checked."""
