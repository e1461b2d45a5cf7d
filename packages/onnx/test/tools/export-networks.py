"""Exports small networks from PyTorch to ../networks/exported, and quantises some with onnxruntime. The files are committed; run this to change them.

    python3 -m venv VENV && VENV/bin/pip install -r requirements.txt && VENV/bin/python export-networks.py

Weights are drawn from a fixed seed, at the sizes of trained ones: the same versions write the same bytes. Expected outputs are not
stored; the tests ask onnxruntime for them.
"""
import logging
import pathlib
import warnings

import onnx
import torch
import torch.nn as nn
from modules import GPT2, Bert, MobileNet, ViT
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

OUT = pathlib.Path(__file__).parent.parent / "networks" / "exported"
MAX_BYTES = 300_000


def token_numbers(batch, tokens):
    return torch.randint(0, 96, (batch, tokens))


IMAGE = ("image", {0: "batch"})
SIZED_IMAGE = ("image", {0: "batch", 2: "height", 3: "width"})
TEXT = {0: "batch", 1: "tokens"}
WORDS = [("tokens", TEXT), ("mask", TEXT), ("types", TEXT)]

# Name: module, inputs with their named axes, names of outputs, example inputs.
NETWORKS = {
    "vit": (ViT, [IMAGE], ["logits"], lambda: (torch.randn(2, 3, 32, 32),)),
    "mobilenet": (MobileNet, [SIZED_IMAGE], ["logits"], lambda: (torch.randn(2, 3, 48, 64),)),
    "gpt2": (GPT2, [("tokens", TEXT)], ["logits"], lambda: (token_numbers(2, 12),)),
    "gpt2-fused": (lambda: GPT2(fused=True), [("tokens", TEXT)], ["logits"], lambda: (token_numbers(2, 12),)),
    "bert": (
        Bert,
        WORDS,
        ["states", "pooled"],
        lambda: (token_numbers(2, 12), torch.ones(2, 12, dtype=torch.int64), torch.zeros(2, 12, dtype=torch.int64)),
    ),
}

# Which exporter writes which network at which opset. Layer normalisation is an operator since 17, GELU since 20, attention since 23.
FILES = [
    ("vit", "torchscript", 14),
    ("vit", "dynamo", 20),
    ("vit", "dynamo", 23),
    ("mobilenet", "torchscript", 13),
    ("mobilenet", "dynamo", 18),
    ("gpt2", "torchscript", 17),
    ("gpt2", "dynamo", 18),
    ("gpt2-fused", "dynamo", 23),
    ("bert", "torchscript", 14),
    ("bert", "dynamo", 20),
]

STATIC = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}

# Quantised files: their names, the files that they are made of, and how.
QUANTISED = [
    ("mobilenet-qdq-13", "mobilenet-torchscript-13", quantize_static, STATIC | {"per_channel": True}),
    (
        "mobilenet-qlinear-13",
        "mobilenet-torchscript-13",
        quantize_static,
        # Other operators than Conv have quantised forms outside the standard.
        STATIC | {"weight_type": QuantType.QUInt8, "quant_format": QuantFormat.QOperator, "op_types_to_quantize": ["Conv"]},
    ),
    ("bert-dynamic-14", "bert-torchscript-14", quantize_dynamic, {"weight_type": QuantType.QInt8}),
]


class Images(CalibrationDataReader):
    """Random images of squares, from which static quantisation takes the ranges of values."""

    def __init__(self):
        torch.manual_seed(1)
        squares = [torch.randn(2, 3, 6, 6).sign().repeat_interleave(8, 2).repeat_interleave(8, 3) for _ in range(8)]
        self.batches = iter([{"image": batch.numpy()} for batch in squares])

    def get_next(self):
        return next(self.batches, None)


def draw(module):
    """Draws weights so that values keep about unit variance."""
    for name, tensor in module.named_parameters():
        noise = torch.randn_like(tensor)
        if name.endswith("weight") and tensor.dim() == 1:
            tensor.copy_(1 + 0.1 * noise)
        elif name.endswith("weight") and tensor.dim() > 1:
            embeds = any(part in name.split(".") for part in ("tokens", "positions", "types"))
            gain = 10 if name.startswith("head.0") else 1.5
            tensor.copy_(0.5 * noise if embeds else noise * (gain / tensor[0].numel()) ** 0.5)
        else:
            tensor.copy_(0.1 * noise)


def export(name, exporter, opset):
    make, inputs, outputs, example = NETWORKS[name]
    torch.manual_seed(1)
    module = make()
    with torch.no_grad():
        draw(module)
        # Batch norms take the statistics of a few batches.
        for _ in range(20):
            module(*example())
    module.eval()
    path = OUT / f"{name}-{exporter}-{opset}.onnx"
    names = [input_name for input_name, _ in inputs]
    arguments = {"input_names": names, "output_names": outputs, "opset_version": opset, "external_data": False}
    if exporter == "dynamo":
        arguments |= {"dynamo": True, "dynamic_shapes": tuple(axes for _, axes in inputs)}
    else:
        arguments |= {"dynamo": False, "dynamic_axes": dict(inputs)}
    torch.onnx.export(module, example(), str(path), verbose=False, **arguments)
    finish(path)


def quantise(name, source, convert, options):
    path = OUT / f"{name}.onnx"
    reader = [Images()] if convert is quantize_static else []
    convert(OUT / f"{source}.onnx", path, *reader, **options)
    finish(path)


def finish(path):
    """Removes what the exporter notes about Python sources, but for the modules' names, and checks the file."""
    model = onnx.load(path)
    for node in [*model.graph.node, *(node for function in model.functions for node in function.node)]:
        kept = [entry for entry in node.metadata_props if entry.key == "namespace"]
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        node.doc_string = ""
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise SystemExit(f"{path.name}: expected at most {MAX_BYTES} bytes, got {size}")
    print(f"{path.name}: {size} bytes")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    OUT.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        export(*file)
    for file in QUANTISED:
        quantise(*file)
