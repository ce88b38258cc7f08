"""Losses, balancing of losses, distillation, and the one training loop."""
