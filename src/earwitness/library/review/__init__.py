"""What is asked again, when, and how well it was remembered."""
