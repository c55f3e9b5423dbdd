"""What is made of measured times, whichever device they are from."""
