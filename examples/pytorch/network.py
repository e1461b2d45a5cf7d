"""A small network and its export, as an example of yours."""

import torch
from torch import nn


class Network(nn.Module):
    """Two convolutions with batch normalisation, a linear layer over positions, a classifier. Input: [batch, 1, 28, 28]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        )
        self.mix = nn.Linear(16, 16)
        self.head = nn.Linear(49 * 16, 10)

    def forward(self, x):
        x = self.features(x).flatten(2).transpose(1, 2)
        return self.head(torch.relu(self.mix(x)).flatten(1))


def export(net, path, **options):
    """Writes a module in eval mode as one ONNX file whose batch is free."""
    x = torch.zeros(2, 1, 28, 28)
    batch = torch.export.Dim("batch")
    torch.onnx.export(net.eval(), (x,), path, dynamo=True, dynamic_shapes=({0: batch},), external_data=False, **options)
