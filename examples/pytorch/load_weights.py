"""Loads the weights of an ONNX file that neft wrote back into the PyTorch module that it was exported from.

    from load_weights import load_weights
    load_weights(net, before="net.onnx", after="robust.onnx")

Exporters rename, transpose and fold weights. So each tensor of the module is looked up by its values in the file that was exported from it
(`before`); the tensor of that name in the other file (`after`) is its new value. Nothing is guessed: a tensor that isn't found is an error.

Needs torch and onnx.
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper


def tensors_of(path):
    """Initializers of an ONNX file, by name, as float arrays."""
    graph = onnx.load(path).graph
    arrays = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    constants = [(node.output[0], one.t) for node in graph.node if node.op_type == "Constant" for one in node.attribute if one.name == "value"]
    arrays.update({name: numpy_helper.to_array(tensor) for name, tensor in constants})
    return {name: array for name, array in arrays.items() if array.dtype.kind == "f"}


def same(a, b):
    """Whether two arrays have one shape and the same values up to float32's rounding."""
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-5, atol=1e-7)


def find(value, before, taken):
    """Name of the tensor in `before` with these values, and whether it is transposed. None if there is none."""
    for name, array in before.items():
        if name in taken:
            continue
        if same(array, value):
            return name, False
        if value.ndim == 2 and same(array, value.T):
            return name, True
    return None


def folded_pairs(net):
    """Convolutions or linear layers, each with the batch normalisation that follows it among the modules."""
    modules = list(net.named_modules())
    norms = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    products = (torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d, torch.nn.Linear)
    leaves = [(name, module) for name, module in modules if not list(module.children())]
    return [(a, b) for a, b in zip(leaves, leaves[1:]) if isinstance(a[1], products) and isinstance(b[1], norms)]


@torch.no_grad()
def load_weights(net, before, after):
    """Sets the parameters and running statistics of `net` to those of the file `after`.

    net: the module in the state in which it was exported to `before`, in eval mode.
    A batch normalisation that the exporter folded into the layer before it becomes the identity, with the folded bias.

    Raises ValueError if a tensor of the module isn't in `before`, or has another shape in `after`.
    """
    old, new = tensors_of(before), tensors_of(after)
    state, taken, missing = {}, set(), []

    def value_of(name, was, transposed=False):
        array = new.get(name)
        if array is None or array.shape != was.shape:
            got = "none" if array is None else f"one of shape {list(array.shape)}"
            raise ValueError(f"{after}: expected a tensor {name} of shape {list(was.shape)}, got {got}; is it made from {before}?")
        return torch.from_numpy((array.T if transposed else array).astype(np.float32).copy())

    folded = {}
    for (name, layer), (norm_name, norm) in folded_pairs(net):
        factor = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        weight = (layer.weight * factor.reshape(-1, *[1] * (layer.weight.ndim - 1))).numpy()
        bias = ((layer.bias if layer.bias is not None else 0) - norm.running_mean) * factor + norm.bias
        at, shift = find(weight, old, taken), find(bias.numpy(), old, taken)
        if at is None or shift is None:
            continue
        taken.update([at[0], shift[0]])
        folded[f"{name}.weight"] = value_of(at[0], old[at[0]], at[1])
        if layer.bias is not None:
            folded[f"{name}.bias"] = torch.zeros_like(layer.bias)
        folded[f"{norm_name}.weight"] = torch.ones_like(norm.weight)
        folded[f"{norm_name}.bias"] = value_of(shift[0], old[shift[0]])
        folded[f"{norm_name}.running_mean"] = torch.zeros_like(norm.running_mean)
        folded[f"{norm_name}.running_var"] = torch.full_like(norm.running_var, 1 - norm.eps)

    for name, tensor in net.state_dict().items():
        if name in folded:
            state[name] = folded[name]
        elif not tensor.is_floating_point():
            state[name] = tensor
        else:
            value = tensor.numpy()
            # A tensor of the same name is the one, whatever others have its values.
            own = old.get(name)
            at = (name, False) if own is not None and same(own, value) else find(value, old, taken)
            if at is None:
                missing.append(name)
                continue
            taken.add(at[0])
            state[name] = value_of(at[0], old[at[0]], at[1])
    if missing:
        raise ValueError(f"{before}: expected the values of {', '.join(missing)}, got none; was it exported from this module in this state?")
    net.load_state_dict(state)
    return net
