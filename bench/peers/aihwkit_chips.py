"""Reads an MLP on chips with aihwkit: one JSON request per line of standard input, one line of JSON per answer.

The first line of output describes the versions.  The first request has layers (weight, bias, ends of the ranges of its converters),
ranges of its converters; {"images": file of float32, "labels": [..], "inputs": n}; then {"chips": n, "times": [seconds, ..],
"compensation": "none" | "global"} gives {"accuracies": {time: [..]}, "seconds": ..}.  It is never a dependency.
"""
import base64
import json
import sys
import time

import numpy
import torch
from aihwkit.inference import PCMLikeNoiseModel
from aihwkit.inference.compensation.drift import GlobalDriftCompensation
from aihwkit.nn import AnalogLinear
from aihwkit.simulator.configs import InferenceRPUConfig
from aihwkit.simulator.parameters.enums import BoundManagementType, NoiseManagementType

# Steps of an 8-bit converter over both signs.
steps = 254


def config(inputs, sums, compensation):
    """A tile of any size with converters of fixed ranges: sums in units of input times conductance relative to g_max."""
    own = InferenceRPUConfig()
    own.mapping.digital_bias = True
    own.mapping.weight_scaling_omega = 1.0
    own.mapping.weight_scaling_columnwise = False
    own.mapping.max_input_size = own.mapping.max_output_size = 0
    own.forward.inp_res = own.forward.out_res = 1 / steps
    own.forward.inp_bound, own.forward.out_bound = inputs, sums
    own.forward.inp_noise = own.forward.out_noise = own.forward.w_noise = 0.0
    own.forward.bound_management = BoundManagementType.NONE
    own.forward.noise_management = NoiseManagementType.NONE
    own.noise_model = PCMLikeNoiseModel(g_max=25.0)
    own.drift_compensation = GlobalDriftCompensation() if compensation == "global" else None
    return own


def decode(text, shape):
    return torch.from_numpy(numpy.frombuffer(base64.b64decode(text), dtype=numpy.float32).copy()).reshape(shape)


def network(layers, compensation):
    parts = []
    for i, layer in enumerate(layers):
        digital = torch.nn.Linear(layer["inputs"], layer["outputs"])
        with torch.no_grad():
            digital.weight.copy_(decode(layer["weight"], (layer["outputs"], layer["inputs"])))
            digital.bias.copy_(decode(layer["bias"], (layer["outputs"],)))
        if i > 0:
            parts.append(torch.nn.ReLU())
        parts.append(AnalogLinear.from_digital(digital, config(layer["inputRange"], layer["sumRange"], compensation)))
    return torch.nn.Sequential(*parts).eval()


class Reader:
    def load(self, given):
        self.layers = given["layers"]
        self.images = decode(given["images"], (-1, self.layers[0]["inputs"]))
        self.labels = torch.tensor(given["labels"])

    def accuracy(self, net, batch):
        with torch.no_grad():
            right = sum(
                int((net(x).argmax(1) == labels).sum())
                for x, labels in zip(self.images.split(batch), self.labels.split(batch))
            )
        return 100 * right / len(self.labels)

    def read(self, given):
        torch.manual_seed(given["seed"])
        net = network(self.layers, given["compensation"])
        analog = [layer for layer in net if isinstance(layer, AnalogLinear)]
        tiles = [tile for layer in analog for tile in layer.analog_tiles()]
        accuracies = {str(at): [] for at in given["times"]}
        exact = self.accuracy(net, given["batch"])
        start = time.process_time()
        for _ in range(given["chips"]):
            for tile in tiles:
                tile.program_weights()
            for at in given["times"]:
                for tile in tiles:
                    tile.drift_weights(at)
                accuracies[str(at)].append(self.accuracy(net, given["batch"]))
        return {"accuracies": accuracies, "exact": exact, "seconds": time.process_time() - start}


if __name__ == "__main__":
    import aihwkit

    torch.set_num_threads(1)
    print(json.dumps({"aihwkit": aihwkit.__version__, "torch": torch.__version__}), flush=True)
    reader = Reader()
    for line in sys.stdin:
        request = json.loads(line)
        answer = reader.load(request) if "layers" in request else reader.read(request)
        print(json.dumps(answer), flush=True)
