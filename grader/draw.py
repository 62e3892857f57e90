"""Inputs for a check, from a generator keyed by who is graded on what.

The key is an HMAC of the instructor's secret: the seed in a record says nothing without it.
"""

import hashlib
import hmac
from typing import Any

import numpy as np
import torch


def keyed_seed(secret: bytes, *parts: str) -> int:
    """A 128-bit seed from a secret and the names of what it is for."""
    message = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hmac.new(secret, message, hashlib.sha256).digest()[:16], "big")


class Draw:
    """Random inputs. The same seed gives the same inputs in the same order."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.Generator(np.random.PCG64(seed))

    def tensor(self, *shape: int, dtype: str = "float64") -> torch.Tensor:
        """Standard normal values, drawn in float64."""
        return torch.from_numpy(np.asarray(self.rng.standard_normal(shape))).to(getattr(torch, dtype))

    def array(self, *shape: int, dtype: str = "float64") -> np.ndarray:
        """Standard normal values as a NumPy array."""
        return np.asarray(self.rng.standard_normal(shape)).astype(dtype)

    def integers(self, low: int, high: int, *shape: int) -> torch.Tensor:
        """int64 values in [low, high)."""
        return torch.from_numpy(np.asarray(self.rng.integers(low, high, shape)))

    def keep(self, *shape: int) -> torch.Tensor:
        """A boolean mask, True with probability 0.6, at least one True along each row of the last axis."""
        mask = self.rng.random(shape) < 0.6
        chosen = self.rng.integers(0, shape[-1], shape[:-1])
        np.put_along_axis(mask, np.asarray(chosen)[..., None], True, axis=-1)
        return torch.from_numpy(mask)

    def strided(self, *shape: int, dtype: str = "float64") -> torch.Tensor:
        """Like `tensor`, but not contiguous: a transposed view of every other element."""
        doubled = self.tensor(*(2 * size for size in reversed(shape)), dtype=dtype)
        return doubled[tuple(slice(None, None, 2) for _ in shape)].permute(*reversed(range(len(shape))))

    def strided_array(self, *shape: int, dtype: str = "float64") -> np.ndarray:
        """Like `array`, but not contiguous."""
        array: np.ndarray = self.strided(*shape, dtype=dtype).numpy()
        return array

    def permutation(self, n: int) -> torch.Tensor:
        """A permutation of 0 … n-1, int64, that is not the identity when n ≥ 2."""
        order = self.rng.permutation(n)
        while n >= 2 and (order == np.arange(n)).all():
            order = self.rng.permutation(n)
        return torch.from_numpy(order)

    def state(self, module: Any) -> dict[str, torch.Tensor]:
        """A random state dict with the names, shapes and dtypes of `module.state_dict()`."""
        return {
            name: torch.from_numpy(np.asarray(self.rng.standard_normal(tuple(value.shape)))).to(value.dtype)
            for name, value in module.state_dict().items()
        }
