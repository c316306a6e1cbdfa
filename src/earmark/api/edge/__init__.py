"""The server around the API: connections and bodies, shutdown, headers of every response, health and docs."""
