"""How near a predicted spectrum comes to a measured one."""
