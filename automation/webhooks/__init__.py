"""What GitHub tells us by itself: hints that wake a re-read, and nothing more."""
