"""What `afa bench` measures, on real services of its own in a temporary folder. Never a timed test."""
