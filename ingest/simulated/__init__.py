"""A simulated Hub: a world invented from one seed around real official models, and a server that speaks like the Hub.

Nothing that comes from here is a fact about any model but the ids of `roots.toml`; every answer says so.
"""
