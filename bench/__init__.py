"""The measuring rig: `make bench`, or a part of it; `python -m bench --help` names parts and settings.

Every line of the table in `targets.py` sets Ringlog beside a yardstick: the same client (wrk), the same
bytes, the same split of the machine (what is measured on one core, clients on the other), in turns, at least
five rounds. The figure is the median of the rounds' ratios, printed with its spread.
"""
