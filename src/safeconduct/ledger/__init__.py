"""Ledger: was this recorded, by whom, when at the latest, and is it unchanged.

Owns no record type of its own: it gives every record a leaf, a position and a proof.

- `leaf`        salted commitments: what stands in the tree, and how it is opened
- `merkle`      RFC 6962 tree: roots, inclusion, consistency, compact ranges
- `notes`       C2SP signed notes, checkpoints and cosignatures
- `tiles`       C2SP tlog-tiles: the form in which leaves leave the node
- `proof`       C2SP tlog-proof: one leaf under one cosigned checkpoint

Invariants: a log has one writer and only grows; a leaf is a commitment and never content; a
checkpoint is signed only over leaves that are on disk; two records never share (`id`, `rev`)
nor (`source`, `seq`).

It must never hold: a plate, a name, a position or a route in a leaf.
"""
