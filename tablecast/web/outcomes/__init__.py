"""What answers should have been, as people and programs tell it; only where there is a log."""
