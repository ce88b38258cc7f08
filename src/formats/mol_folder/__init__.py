"""The folder of MOL files beside an MSP of NIST's lib2nist."""
