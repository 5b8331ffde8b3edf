"""Stores: SQLite files of a node. Durable before acknowledged; every page carries a checksum."""
