"""mzSpecLib 1.0, the text form of HUPO-PSI's spectral library."""
