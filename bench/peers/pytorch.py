"""Does the benches' work in PyTorch: reads one work per line of standard input, writes one line of JSON per answer.

The first line of output describes PyTorch; then {"ms": ...} follows for every work.  Times are milliseconds of processor
time of one thread, except for `monteCarlo.BATCH.THREADS`, whose times are wall time.  The benches start it if torch can be
imported; it is never a dependency.  By hand: echo lenet.noiseInjection.128 | python3 pytorch.py
"""
import base64
import functools
import json
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class LeNet5(nn.Module):
    """The layers of neft's lenet5."""

    shape = (1, 28, 28)

    def __init__(self):
        super().__init__()
        self.c1, self.c2 = nn.Conv2d(1, 6, 5, padding=2), nn.Conv2d(6, 16, 5)
        self.f1, self.f2, self.f3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x, weights):
        x = F.max_pool2d(F.relu(F.conv2d(x, weights[0], self.c1.bias, padding=2)), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, weights[1], self.c2.bias)), 2)
        x = F.relu(F.linear(x.flatten(1), weights[2], self.f1.bias))
        x = F.relu(F.linear(x, weights[3], self.f2.bias))
        return F.linear(x, weights[4], self.f3.bias)

    def array_weights(self):
        return [layer.weight for layer in (self.c1, self.c2, self.f1, self.f2, self.f3)]


class VGG8(nn.Module):
    """The layers of neft's vgg8: convolutions 64, 128, pool, 256, 256, pool, 512, 512, pool, then 8192, 1024, 10."""

    shape = (3, 32, 32)

    def __init__(self):
        super().__init__()
        sizes = [3, 64, 128, 256, 256, 512, 512]
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1, bias=False) for a, b in zip(sizes, sizes[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm2d(b) for b in sizes[1:])
        self.f1, self.f2 = nn.Linear(8192, 1024), nn.Linear(1024, 10)

    def forward(self, x, weights):
        for i, norm in enumerate(self.norms):
            x = F.relu(norm(F.conv2d(x, weights[i], padding=1)))
            if i in (1, 3, 5):
                x = F.max_pool2d(x, 2)
        x = F.relu(F.linear(x.flatten(1), weights[6], self.f1.bias))
        return F.linear(x, weights[7], self.f2.bias)

    def array_weights(self):
        return [conv.weight for conv in self.convs] + [self.f1.weight, self.f2.weight]


networks = {"lenet": LeNet5, "vgg": VGG8}

# Sigmas of the forward passes of a step.
forwards = {"clean": [None], "noiseInjection": [0.2], "ovf": [0.2, 0.35, 0.3, 0.25]}


def varied(weight, sigma):
    """W + N(0, sigma_W^2) of a uniform device with 8 weight bits in 2-bit cells; no gradient flows through the scale."""
    scale = weight.detach().abs().max() * 0.7776 * sigma
    return weight + torch.randn_like(weight) * scale


def loss_of(model, x, labels, sigmas, beta=0.1):
    outputs = [
        model(x, model.array_weights() if sigma is None else [varied(w, sigma) for w in model.array_weights()])
        for sigma in sigmas
    ]
    z = outputs[0]
    if len(outputs) > 1:
        z = (z - beta * sum(g * o for g, o in zip((1, 0.1, 0.01), outputs[1:]))) / len(outputs)
    return F.cross_entropy(z, labels)


@functools.cache
def training(network, batch):
    """A network, its optimiser and a batch; cached."""
    model = networks[network]()
    x, labels = torch.rand(int(batch), *model.shape), torch.randint(0, 10, (int(batch),))
    return model, torch.optim.Adam(model.parameters(), 1e-3), x, labels


def step(network, strategy, batch):
    model, optimiser, x, labels = training(network, batch)
    optimiser.zero_grad()
    loss_of(model, x, labels, forwards[strategy]).backward()
    optimiser.step()


@functools.cache
def images():
    return torch.rand(10000, 1, 28, 28)


@functools.cache
def evaluated():
    return LeNet5().eval()


def monte_carlo(batch, threads):
    """Evaluates one chip, i.e. one draw of all weights, on 10,000 images in memory."""
    torch.set_num_threads(int(threads))
    model = evaluated()
    with torch.inference_mode():
        weights = [varied(w, 0.2) for w in model.array_weights()]
        for i in range(0, 10000, int(batch)):
            F.softmax(model(images()[i : i + int(batch)], weights), 1).max(1)


@functools.cache
def drawn():
    return torch.empty(1 << 20)


def normals():
    drawn().normal_()


works = {"normals": normals, "monteCarlo": monte_carlo}


def gradients(network, given):
    """Loss and gradients of the network without variation, for given parameters, images and labels in neft's layout."""
    model = networks[network]()
    decode = lambda text: torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, text in given["parameters"].items():
            parameters[name].copy_(decode(text).view_as(parameters[name]))
    x = decode(given["x"]).view(-1, *model.shape)
    loss = loss_of(model, x, torch.tensor(given["labels"]), [None])
    loss.backward()
    encode = lambda tensor: base64.b64encode(tensor.contiguous().numpy().tobytes()).decode()
    return {"loss": loss.item(), "gradients": {name: encode(p.grad) for name, p in parameters.items()}}


def answer(line):
    work, _, given = line.strip().partition(" ")
    name, *arguments = work.split(".")
    if name == "gradients":
        return gradients(*arguments, json.loads(given))
    # Tensors are created before the clock starts.
    if name in networks:
        training(name, arguments[1])
        run = functools.partial(step, name, *arguments)
    else:
        images(), evaluated(), drawn()
        run = functools.partial(works[name], *arguments)
    clock = time.perf_counter if name == "monteCarlo" else time.process_time
    start = clock()
    run()
    return {"ms": (clock() - start) * 1e3}


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.manual_seed(1)
    about = {"torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability()}
    print(json.dumps(about), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
