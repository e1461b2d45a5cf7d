"""Writes golden/schemas.json, the official schemas of every operator of the default domain, with PyPI's onnx:

    pip install onnx==1.22.0
    python packages/onnx/test/tools/write-schemas.py

An entry of a version: "inputs" and "outputs" [min, max] (null: any number), and "attributes" by name [type, default];
without a default the attribute is optional, with "required" in its place it must be given.
"""

import json
from pathlib import Path

import onnx
from onnx import defs, helper

UNBOUNDED = 2**31 - 1


def default_of(attribute):
    """A list with what follows the type."""
    if attribute.required:
        return ["required"]
    proto = attribute.default_value
    if proto is None or proto.type == onnx.AttributeProto.UNDEFINED:
        return []
    value = helper.get_attribute_value(proto)
    if isinstance(value, bytes):
        value = value.decode()
    if isinstance(value, list):
        value = [one.decode() if isinstance(one, bytes) else one for one in value]
    return [value]


def bounds(least, most):
    return [least, None if most >= UNBOUNDED else most]


def entry(schema):
    attributes = {
        name: [attribute.type.name, *default_of(attribute)] for name, attribute in sorted(schema.attributes.items())
    }
    result = {
        "inputs": bounds(schema.min_input, schema.max_input),
        "outputs": bounds(schema.min_output, schema.max_output),
        "attributes": attributes,
    }
    return {**result, "deprecated": True} if schema.deprecated else result


operators = {}
for schema in defs.get_all_schemas_with_history():
    if schema.domain == "":
        operators.setdefault(schema.name, {})[schema.since_version] = entry(schema)

lines = [
    f"{json.dumps(name)}: {json.dumps(dict(sorted(versions.items())), separators=(',', ':'))}"
    for name, versions in sorted(operators.items())
]
target = Path(__file__).parents[1] / "golden" / "schemas.json"
target.write_text("{\n" + ",\n".join(lines) + "\n}\n")
