"""Speech vendors over HTTP: what each is sent, and what its answers mean."""
