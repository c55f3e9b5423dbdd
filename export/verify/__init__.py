"""Proof that a saved file is right: parity with PyTorch, layout, fp16 range, delegates."""
