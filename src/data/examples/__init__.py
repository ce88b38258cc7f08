"""What a training loop reads: features, batches and loaders of them."""
