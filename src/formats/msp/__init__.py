"""The MSP text format of NIST and its dialects."""
