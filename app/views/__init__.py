"""What is painted and pressed: widgets without decisions, over the view models."""
