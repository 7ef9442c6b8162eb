"""Reads the tensors of a safetensors checkpoint of one file."""
import json
import mmap
import os
import struct

import torch

DTYPES = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32}


def load(folder, prefix):
    """All tensors whose names start with prefix, which is cut off; each is copied out of the file's map."""
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    size = struct.unpack("<Q", view[:8])[0]
    header = json.loads(view[8:8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__" or not name.startswith(prefix):
            continue
        begin, end = entry["data_offsets"]
        dtype = DTYPES[entry["dtype"]]
        count = (end - begin) // torch.empty(0, dtype=dtype).element_size()
        flat = torch.frombuffer(view, dtype=dtype, count=count, offset=8 + size + begin)
        tensors[name[len(prefix):]] = flat.view(entry["shape"]).clone()
    return tensors


def config(folder):
    """config.json."""
    with open(os.path.join(folder, "config.json")) as file:
        return json.load(file)
