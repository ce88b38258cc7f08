"""JCAMP-DX for mass spectrometry."""
