"""Terms of the loss: pure functions with known values, and the names that recipes give them."""
