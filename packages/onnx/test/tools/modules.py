"""Small networks of the common kinds, written as their users write them: the idioms decide which operators an export has."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F


class SelfAttention(nn.Module):
    """Multi-head attention with one projection to queries, keys and values, through PyTorch's fused function."""

    def __init__(self, width, heads, causal=False):
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=self.causal)
        return self.out(y.transpose(1, 2).reshape(batch, tokens, width))


class Block(nn.Module):
    """A transformer block that normalises before attention and before its MLP."""

    def __init__(self, width, attention, activation):
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), attention, nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 2 * width), activation, nn.Linear(2 * width, width))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class ViT(nn.Module):
    """A vision transformer on [N, 3, 32, 32] with patches of 8x8 and a class token. Output: [N, 10]."""

    def __init__(self, width=32, heads=4, depth=2, patch=8, size=32, classes=10):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.token = nn.Parameter(torch.zeros(1, 1, width))
        self.positions = nn.Parameter(torch.zeros(1, 1 + (size // patch) ** 2, width))
        self.blocks = nn.Sequential(*(Block(width, SelfAttention(width, heads), nn.GELU()) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, classes)

    def forward(self, image):
        x = self.patches(image).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


class SqueezeExcite(nn.Module):
    """Scales channels by weights that their means decide."""

    def __init__(self, channels):
        super().__init__()
        self.reduce, self.expand = nn.Conv2d(channels, channels // 4, 1), nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.expand(F.relu(self.reduce(F.adaptive_avg_pool2d(x, 1)))))


class InvertedResidual(nn.Module):
    """MobileNet's block: expand, depthwise convolution, squeeze and excite, project."""

    def __init__(self, inputs, outputs, expansion, kernel, stride, activation):
        super().__init__()
        wide = inputs * expansion
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            activation,
            nn.Conv2d(wide, wide, kernel, stride, kernel // 2, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            activation,
            SqueezeExcite(wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


class MobileNet(nn.Module):
    """A network of inverted residuals with hard swish, ReLU6 and residual additions on [N, 3, H, W]. Output: [N, 10]."""

    def __init__(self, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.Hardswish(),
            InvertedResidual(8, 8, 2, 3, 1, nn.ReLU6()),
            InvertedResidual(8, 16, 4, 3, 2, nn.Hardswish()),
            InvertedResidual(16, 16, 4, 5, 1, nn.Hardswish()),
            InvertedResidual(16, 24, 4, 5, 2, nn.Hardswish()),
        )
        self.head = nn.Sequential(nn.Linear(24, 64), nn.Hardswish(), nn.Dropout(0.2), nn.Linear(64, classes))

    def forward(self, image):
        return self.head(F.adaptive_avg_pool2d(self.features(image), 1).flatten(1))


class MaskedAttention(nn.Module):
    """Causal attention written out, with a mask that is stored for the longest text and cut to the text's length."""

    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.register_buffer("mask", torch.tril(torch.ones(context, context, dtype=torch.bool))[None, None])

    def forward(self, x):
        batch, tokens, width = x.shape
        split = (batch, tokens, self.heads, width // self.heads)
        q, k, v = (part.view(split).transpose(1, 2) for part in self.qkv(x).split(width, dim=2))
        scores = q @ k.transpose(-1, -2) / math.sqrt(width // self.heads)
        scores = scores.masked_fill(~self.mask[:, :, :tokens, :tokens], torch.finfo(scores.dtype).min)
        y = F.softmax(scores, dim=-1) @ v
        return self.out(y.transpose(1, 2).contiguous().view(batch, tokens, width))


class GPT2(nn.Module):
    """A language model on token numbers [N, T], with learned positions and an output layer that is the embedding. Output: [N, T, 96]."""

    def __init__(self, vocabulary=96, width=32, heads=4, depth=2, context=64, fused=False):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        make = (lambda: SelfAttention(width, heads, causal=True)) if fused else (lambda: MaskedAttention(width, heads, context))
        self.blocks = nn.Sequential(*(Block(width, make(), nn.GELU(approximate="tanh")) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens):
        at = torch.arange(tokens.shape[1], device=tokens.device)
        x = self.blocks(self.tokens(tokens) + self.positions(at))
        return F.linear(self.norm(x), self.tokens.weight)


class BertAttention(nn.Module):
    """Attention with three projections, and a mask that is added to the scores."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def split(self, x):
        return x.view(x.shape[0], x.shape[1], self.heads, -1).permute(0, 2, 1, 3)

    def forward(self, x, added):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        y = F.softmax(q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + added, dim=-1) @ v
        return self.out(y.permute(0, 2, 1, 3).flatten(2))


class BertLayer(nn.Module):
    """A transformer block that normalises after attention and after its MLP."""

    def __init__(self, width, heads):
        super().__init__()
        self.attention, self.norm1 = BertAttention(width, heads), nn.LayerNorm(width, eps=1e-12)
        self.wide, self.narrow, self.norm2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, width), nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, added):
        x = self.norm1(x + self.attention(x, added))
        return self.norm2(x + self.narrow(F.gelu(self.wide(x))))


class Bert(nn.Module):
    """An encoder of token numbers, their types and a mask, each [N, T]. Outputs: states [N, T, 32] and a pooled one [N, 32]."""

    def __init__(self, vocabulary=96, width=32, heads=4, depth=1, context=64):
        super().__init__()
        self.tokens, self.positions, self.types = (nn.Embedding(n, width) for n in (vocabulary, context, 2))
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(width, heads) for _ in range(depth))
        self.pooler = nn.Linear(width, width)
        self.register_buffer("places", torch.arange(context)[None])

    def forward(self, tokens, mask, types):
        x = self.tokens(tokens) + self.types(types) + self.positions(self.places[:, : tokens.shape[1]])
        x = self.norm(x)
        added = (1.0 - mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, added)
        return x, torch.tanh(self.pooler(x[:, 0]))
