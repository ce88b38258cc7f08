"""From libraries to what the models are fed with."""
