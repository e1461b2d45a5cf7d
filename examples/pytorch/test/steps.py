"""The Python steps of pytorch.test.mjs: `export FOLDER [fold|keep]` and `load FOLDER`."""

import json
import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from load_weights import load_weights  # noqa: E402
from network import Network, export  # noqa: E402
from read_results import results_of  # noqa: E402

step, folder = sys.argv[1], Path(sys.argv[2])
torch.manual_seed(1)
net = Network()

if step == "export":
    # Running statistics of some samples, and parameters of the norms other than 1 and 0.
    net.train()
    with torch.no_grad():
        for _ in range(5):
            net(torch.randn(32, 1, 28, 28))
        for module in net.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2)
                module.bias.normal_()
    export(net, folder / "net.onnx", **({} if sys.argv[3] == "fold" else {"optimize": False}))
    torch.save(net.state_dict(), folder / "net.pt")
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (200, 1, 28, 28), dtype=np.uint8)
    with torch.no_grad():
        labels = net.eval()(torch.from_numpy(images).float() / 255).argmax(1).numpy()
    np.savez(folder / "data.npz", x=images, y=labels.astype(np.int64))
else:
    net.load_state_dict(torch.load(folder / "net.pt"))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    load_weights(net.eval(), before=folder / "net.onnx", after=folder / "robust.onnx")
    x = torch.linspace(-1, 1, 3 * 784).reshape(3, 1, 28, 28)
    with torch.no_grad():
        y = net(x)
    changed = [name for name, tensor in net.state_dict().items() if not torch.equal(tensor, before[name])]
    refused = ""
    try:
        load_weights(Network().eval(), before=folder / "net.onnx", after=folder / "robust.onnx")
    except ValueError as error:
        refused = str(error)
    table = results_of(folder / "results.json")
    print(json.dumps({"x": x.flatten().tolist(), "y": y.flatten().tolist(), "changed": changed, "refused": refused, "sigma": table["sigma"].tolist()}))
