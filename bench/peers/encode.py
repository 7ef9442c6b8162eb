"""SigLIP encoding in PyTorch: `encode.py CHECKPOINT THREADS`."""
import checkpoint
import numpy
import protocol
import torch
import torch.nn.functional as F

FRAMES, BATCH, SIZE, PATCH, WIDTH, HEADS, LAYERS = 32, 4, 384, 14, 1152, 16, 26
GRID = SIZE // PATCH


class Siglip:
    def __init__(self, folder):
        self.weights = checkpoint.load(folder, "model.vision_tower.vision_tower.vision_model.")

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, (WIDTH,), self.weights[name + ".weight"], self.weights[name + ".bias"], 1e-6)

    def forward(self, pixels):
        """[F, 3, 384, 384] normalised to [F, 729, 1152]."""
        x = F.conv2d(pixels, self.weights["embeddings.patch_embedding.weight"],
                     self.weights["embeddings.patch_embedding.bias"], stride=PATCH)
        x = x.flatten(2).transpose(1, 2) + self.weights["embeddings.position_embedding.weight"]
        frames, patches, _ = x.shape
        for i in range(LAYERS):
            p = f"encoder.layers.{i}."
            h = self.norm(x, p + "layer_norm1")
            q, k, v = (self.linear(h, f"{p}self_attn.{n}_proj").view(frames, patches, HEADS, -1).transpose(1, 2)
                       for n in "qkv")
            scores = q @ k.transpose(2, 3) * (WIDTH // HEADS) ** -0.5
            mixed = F.softmax(scores, -1, dtype=torch.float32).to(q.dtype) @ v
            x = x + self.linear(mixed.transpose(1, 2).reshape(frames, patches, WIDTH), p + "self_attn.out_proj")
            h = F.gelu(self.linear(self.norm(x, p + "layer_norm2"), p + "mlp.fc1"), approximate="tanh")
            x = x + self.linear(h, p + "mlp.fc2")
        return x


def noise():
    """The same bytes as Workers/Inputs.cs, as normalised pixels."""
    index = numpy.arange(FRAMES * SIZE * SIZE * 3, dtype=numpy.uint32)
    values = (index * numpy.uint32(2654435761) >> numpy.uint32(24)).astype(numpy.uint8)
    frames = torch.from_numpy(values.reshape(FRAMES, SIZE, SIZE, 3)).permute(0, 3, 1, 2).float()
    return ((frames / 255 - 0.5) / 0.5).to(torch.bfloat16)


def set_up(folder):
    tower, pixels = Siglip(folder), noise()
    before = protocol.memory("VmRSS")

    def repetition():
        seconds, features = protocol.timed(lambda: torch.cat([tower.forward(part) for part in pixels.split(BATCH)]))
        return {"seconds": seconds, "peakBytesBesideWeights": protocol.memory("VmHWM") - before,
                "meanAbsoluteFeature": features.float().abs().mean().item()}
    return repetition


protocol.serve(set_up)
