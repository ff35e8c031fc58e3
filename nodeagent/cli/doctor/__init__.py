"""`keepgreen doctor`: what a field technician would look at, and what to do about it."""
