"""Classes that specs of the tests declare as own layers."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attend(nn.Module):
    """[B, T, dim] -> [B, T, dim], for T up to `context`."""

    def __init__(self, dim: int, heads: int = 4, context: int = 64) -> None:
        super().__init__()
        if dim % heads:
            raise ValueError("heads must divide dim")
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.pos = nn.Parameter(torch.zeros(context, dim))
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        batch, time, dim = x.shape
        parts = (x + self.pos[:time]) * self.scale
        heads = (batch, time, self.heads, dim // self.heads)
        q, k, v = (p.view(heads).transpose(1, 2) for p in self.qkv(parts).chunk(3, -1))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, time, dim)


class Patches(nn.Module):
    """[B, 3, H, W] -> [B, H//patch * W//patch, width] and [B, 3]."""

    def __init__(self, width: int, patch: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, patch, stride=patch)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.conv(image).flatten(2).transpose(1, 2), image.mean((2, 3))


class Halve(nn.Module):
    """[B, width, H, W] -> [B, 2*width, (H+1)//2, (W+1)//2]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.conv(x))


class Compare(nn.Module):
    """Two sequences of equal width, joined, and how each step of one fits each of the other."""

    def forward(self, left: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
        return torch.cat([left, right], 1), left @ right.transpose(1, 2)


class Lookup(nn.Module):
    """int[B, T] -> bool[B, T], int[B]."""

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        return tokens > 0, tokens.sum(1)


class Stack(nn.Module):
    """Which weights it has depends on `depth`."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class Crooked(nn.Module):
    """[B, D] -> [B, D * D % 7 + 1]: no rule that is looked for."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :1].expand(-1, x.shape[1] ** 2 % 7 + 1)


class NeedsData(nn.Module):
    """[B, D] -> [B, D]; looks at values, so that it cannot run on the meta device."""

    def forward(self, x: Tensor) -> Tensor:
        return x if bool(x.sum() > -1e9) else -x


class Fails(nn.Module):
    """Raises whatever it is given."""

    def forward(self, x: Tensor) -> Tensor:
        raise KeyError("nothing will do")


NOT_A_CLASS = 3
