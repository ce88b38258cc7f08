"""Bond dissociation energies (BDEs): their cache, the DFT table, ALFABET, tables to read."""
