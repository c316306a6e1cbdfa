"""Who is calling and what they may do: projects, keys, callers."""
