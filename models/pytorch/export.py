"""Halves weights to be shipped: `python export.py FROM TO` writes every safetensors file under FROM to TO in f16.

A file `flow/motion.safetensors` becomes `flow-motion.safetensors`.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.rglob("*.safetensors")):
        tensors = {name: tensor.to(torch.float16) for name, tensor in load_file(path).items()}
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            sys.exit(f"{path} holds numbers that are not finite in f16")
        save_file(tensors, target / "-".join(path.relative_to(source).parts))


if __name__ == "__main__":
    main()
