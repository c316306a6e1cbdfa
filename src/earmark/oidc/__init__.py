"""Sign-in to the console by OpenID Connect: the code flow with a provider, and whom its claims make.

Decides: whether an ID token is the provider's word about this sign-in, and which project or person its claims stand
for. Never: what a session may do, which `identity` decides, or how a browser keeps it.
"""
