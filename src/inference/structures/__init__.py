"""Structures to predict, read from lists, tables and folders."""
