"""Training: losses, the perceptual network, data and the loop. Leaves a checkpoint file behind."""
