"""Networks that watch over style training and are gone afterwards: depth and face parsing."""
