"""Renderers of the reference pages that are generated from the program."""
