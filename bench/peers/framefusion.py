"""FrameFusion in plain PyTorch, from the specification: `framefusion.py FRAMES POSITIONS CHECKPOINT THREADS`."""
import protocol
import torch
import torch.nn.functional as F
import video_tokens

SIMILAR, LEAST_RATIO = 0.6, 0.1


def need(sparsity):
    density, used = 1.0, 0.0
    for gone in sparsity:
        density *= 1 - gone
        used += density
    left = (video_tokens.LAYERS * video_tokens.BUDGET - used) / ((video_tokens.LAYERS - len(sparsity)) * density)
    return 0 if left > 1 else 1 - left


def merge(hidden, types, sparsity):
    """One merge call: kept rows, their values, whether it was the last, and whether the budget is met."""
    order = torch.argsort(types, stable=True)
    first = torch.ones(len(types), dtype=torch.bool)
    first[1:] = types[order][1:] != types[order][:-1]
    x = hidden.float()[order]
    similar = torch.full((len(types),), -2.0)
    similar[1:] = F.cosine_similarity(x[1:], x[:-1], dim=-1)
    similar[first] = -2.0
    ratio = (similar >= SIMILAR).sum().item() / len(types)
    wanted = need(sparsity)
    if ratio < wanted:
        merged, met = similar >= SIMILAR, False
        sparsity.append(ratio)
    else:
        merged, met = torch.zeros(len(types), dtype=torch.bool), True
        merged[torch.topk(similar, int(wanted * len(types))).indices] = True
    group = (~merged).cumsum(0) - 1
    sums = torch.zeros(int(group[-1]) + 1, x.shape[1]).index_add_(0, group, x)
    means = sums / torch.bincount(group)[:, None]
    kept = order[~merged]
    back = kept.argsort()
    return kept[back], means[back].to(hidden.dtype), met or ratio < LEAST_RATIO, met


def set_up(_, frames, positions):
    frames, positions = int(frames), int(positions)
    tokens = video_tokens.tokens(frames, positions).flatten(0, 1)

    def run():
        hidden, types, sparsity = tokens, torch.arange(positions).repeat(frames), []
        entered, done, met = None, False, False
        while not done:
            kept, hidden, done, met = merge(hidden, types, sparsity)
            types = types[kept]
            entered = entered or len(kept)
        if not met:
            score = torch.rand(28, len(types)).mean(0)
            kept = torch.topk(score, round(len(types) * (1 - need(sparsity)))).indices.sort().values
            hidden = hidden[kept]
        return entered, len(hidden)

    def repetition():
        seconds, (entered, left) = protocol.timed(run)
        return {"seconds": seconds, "entered": entered, "left": left}
    return repetition


protocol.serve(set_up)
