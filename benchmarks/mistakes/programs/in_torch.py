"""The five mistakes in PyTorch."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(64, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, image: Tensor) -> Tensor:
        total: Tensor = self.norm(self.conv(image)) + image  # here
        return total.relu()


class UNet(nn.Module):
    def __init__(self, base: int = 16) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2)
        self.enc0 = nn.Conv2d(3, base, 3, padding=1)
        self.enc1 = nn.Conv2d(base, 2 * base, 3, padding=1)
        self.mid = nn.Conv2d(2 * base, 4 * base, 3, padding=1)
        self.up1 = nn.ConvTranspose2d(4 * base, 2 * base, 2, stride=2)
        self.dec1 = nn.Conv2d(4 * base, 2 * base, 3, padding=1)
        self.up0 = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.mask = nn.Conv2d(2 * base, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        enc0 = self.enc0(image).relu()
        enc1 = self.enc1(self.pool(enc0)).relu()
        mid = self.mid(self.pool(enc1)).relu()
        dec1 = self.dec1(torch.cat((self.up1(mid), enc1), dim=1)).relu()  # here
        mask: Tensor = self.mask(torch.cat((self.up0(dec1), enc0), dim=1))
        return mask


class Attention(nn.Module):
    def __init__(self, heads: int, width: int = 100) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        b, t, width = x.shape
        return x.view(b, t, self.heads, width // self.heads).transpose(1, 2)  # here

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = map(self.split, self.qkv(x).chunk(3, dim=-1))
        mixed = F.scaled_dot_product_attention(q, k, v)
        y: Tensor = self.proj(mixed.transpose(1, 2).reshape(x.shape))
        return y


class TwoViews(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, photo: Tensor, depth: Tensor) -> Tensor:
        a = self.encoder(photo)
        b = self.encoder(depth)  # here
        similarity: Tensor = (a * b).sum(dim=1)
        return similarity


class Regressor(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(16, 64)
        self.head = nn.Linear(64, 1)

    def forward(self, features: Tensor, target: Tensor) -> Tensor:
        prediction = self.head(self.hidden(features).relu())
        return F.mse_loss(prediction, target)  # here
