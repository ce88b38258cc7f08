"""Reading libraries and structures; everything the models are fed with."""
