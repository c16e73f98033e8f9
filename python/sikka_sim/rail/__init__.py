"""What happens to money on the simulated rail: transactions, banks, legs, the record.

The NPCI switch (`sikka_sim.npci`) and the sponsor bank's façade (`sikka_sim.sponsor`) both run on
it and differ only in their wires.
"""
