"""Kernel: what is an id, an instant, a place, a signature, a record.

Owns no record type and knows no domain word. Everything here is a pure function or a frozen
value; the only protocols are the ports through which `node` reaches the world.

Invariants: one byte form for one value (`canonical`), one acceptance rule for one signature
(`signatures`), one reading for one text in YAML (`yamltext`), integers only, and two families of
error (`errors`).
"""
