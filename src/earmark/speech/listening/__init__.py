"""From 16 kHz samples to segments with times and words, in a process of its own.

Decides: where speech is, which of it is transcribed together, when each sentence starts, and what is no speech.
Never: decoding files, storing.
"""
