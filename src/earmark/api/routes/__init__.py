"""Routes, one file per resource: read the request, call one room, render."""
