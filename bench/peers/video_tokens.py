"""The made-up tokens of Workers/MethodPruning.cs, from the same seed."""
import torch

WIDTH, SCENE_FRAMES, FEATURE_WIDTH, BUDGET, LAYERS = 3584, 8, 1152, 0.25, 28


def noisy(frames, *shape):
    scenes = torch.randn((frames + SCENE_FRAMES - 1) // SCENE_FRAMES, *shape)
    return torch.stack([scenes[f // SCENE_FRAMES] + torch.randn(*shape) * 0.3 for f in range(frames)])


def tokens(frames, positions):
    torch.manual_seed(0)
    return noisy(frames, positions, WIDTH).to(torch.bfloat16)
