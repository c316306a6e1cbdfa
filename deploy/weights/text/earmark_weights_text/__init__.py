"""The weights of all-MiniLM-L6-v2: data that earmark reads."""
