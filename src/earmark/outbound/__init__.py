"""Requests to URLs that customers name: which may be requested, and the request to the very address that was checked.

Decides: which URLs and addresses earmark connects to, how a name is resolved and how long an answer may be. Never: what
is sent or what an answer means, which the room that sends decides.
"""
