"""Reads result files of neft with pandas.

    python read_results.py results.json
"""

import json
import sys

import pandas as pd


def results_of(path):
    """A table with a row for each sigma of a file of `neft evaluate --json`; accuracies in percent."""
    with open(path, encoding="utf-8") as file:
        contents = json.load(file)
    if contents.get("kind") != "evaluation":
        raise ValueError(f"{path}: expected a file of neft evaluate, got {contents.get('kind')}")
    return pd.json_normalize(contents["results"])


if __name__ == "__main__":
    table = results_of(sys.argv[1])
    print(table[["sigma", "chips", "accuracy.mean", "accuracy.std", "accuracy.p5", "accuracy.worst"]].to_string(index=False))
