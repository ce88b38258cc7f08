"""What any program needs of a disk: writing that is whole or not there, digests, text, signals."""
