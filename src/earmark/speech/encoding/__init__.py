"""Encodes decoded audio as Opus, in parts that end at pauses, in a process of its own."""
