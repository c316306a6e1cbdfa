"""Bytes of audio: uploads, downloads, where they are stored and when they are deleted.

Decides: whether bytes are whole, which address may read or write them, for how long. Never: what is said in them.
"""
