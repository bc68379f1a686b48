"""What becomes of a training that is killed, whose disk fails, or that is asked to stop."""
