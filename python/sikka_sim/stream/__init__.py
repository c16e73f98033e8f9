"""Payments as India makes them, honest and fraudulent, for training and judging fraud models.

``python -m sikka_sim stream`` writes them to a file; `generate` returns them as a table. The same
parameters, sizes and seed give the same bytes. The extra ``training`` has what this needs.

    parameters = load_parameters(scenario="shifted")
    table = generate(parameters, users=5_000, days=60, seed=7)

What is generated, in `sikka_sim.stream.table`; from which numbers, in ``parameters.yaml``, each
with its source. How it comes about, a day at a time:

=====================  ==========================================================================
`almanac`              what a day is to whom: weekday, pay day, festival
`people`, `trips`      who pays, how often, from where
`market`               whom they pay
`holdings`, `network`  from which devices, instruments and addresses
`habits`               puts these together to an honest day
`hard_cases`           honest payments that look like fraud
`frauds`               one file a kind: what fraudsters do, and `reporting` when it becomes known
`generator`            the days of a stream, in the order of time
=====================  ==========================================================================
"""

from sikka_sim.stream.generator import Stream, generate
from sikka_sim.stream.parameters import ParametersError, load_parameters
from sikka_sim.stream.schema import Parameters
from sikka_sim.stream.summary import Summary, summarize
from sikka_sim.stream.table import write

__all__ = [
    "Parameters",
    "ParametersError",
    "Stream",
    "Summary",
    "generate",
    "load_parameters",
    "summarize",
    "write",
]
