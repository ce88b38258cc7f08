"""MGF, as GNPS, mzmine and matchms write it."""
