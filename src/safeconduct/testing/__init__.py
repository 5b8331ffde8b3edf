"""Testing: the scenario player and what tests share. Imported by tests and the demo alone.

- `ground`   the recorded track, rigidly moved to invented ground
- `script`   a scenario file read into plays and steps
- `client`   what a person's or a device's own program does: keys, signing, sending
- `stage`    two nodes, each its own process, with a driven clock
- `player`   plays a play on a stage and says how it came out
"""
