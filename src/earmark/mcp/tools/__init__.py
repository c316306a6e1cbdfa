"""The tools, one file per kind: read the arguments, call one room, render."""
