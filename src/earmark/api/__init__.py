"""The HTTP edge: parses a request, calls one room, renders its answer.

`edge/` is the server (connections, shutdown, headers), `pipeline/` what every `/v1` request goes through, `routes/` one
file a resource, `wire/` the JSON forms. Decides: how a request is read and a reply written. Never: what a room
could decide.
"""
