"""FastVID (OneVision form) in plain PyTorch, from the specification: `fastvid.py whole|dtm FRAMES POSITIONS CHECKPOINT THREADS`."""
import math

import protocol
import torch
import torch.nn.functional as F
import video_tokens

SEGMENTS, TAU, CONTEXT, EVERY, BETA, NEIGHBOURS = 8, 0.9, 0.4, 4, 0.6, 4


def cut(features):
    """Frames per segment."""
    similar = F.cosine_similarity(features[:-1], features[1:], dim=-1)
    cuts = set(torch.topk(similar, SEGMENTS - 1, largest=False).indices.tolist()) | set((similar < TAU).nonzero().flatten().tolist())
    ends = sorted(cuts) + [len(features) - 1]
    return [end - start for start, end in zip([-1] + ends, ends)]


def density(x):
    """Score of each candidate, [m, n] from [m, n, D]."""
    distance = torch.cdist(x, x) / math.sqrt(x.shape[-1])
    rho = (-(torch.topk(distance, NEIGHBOURS, largest=False).values ** 2).mean(-1)).exp()
    denser = rho[:, None, :] > rho[:, :, None]
    greatest = distance.flatten(1).max(-1).values[:, None, None]
    return rho * torch.where(denser, distance, greatest).min(-1).values


def merge(tokens, attention, keep):
    """One segment: its tokens, which are salient, the anchors' indices and values."""
    frames, positions, width = tokens.shape
    context = int(keep * CONTEXT)
    salient = torch.topk(attention, keep - context).indices
    is_salient = torch.zeros(frames, positions, dtype=torch.bool).scatter_(1, salient, True)
    x = tokens.float()
    candidates = x[~is_salient].view(frames, -1, width)
    index = torch.arange(frames * positions).view(frames, positions)[~is_salient].view(frames, -1)
    carriers = torch.arange(frames - 1, -1, -EVERY).flip(0)
    each = context * frames // len(carriers)
    top = torch.topk(density(candidates[carriers]), each).indices
    anchors = torch.gather(candidates[carriers], 1, top[..., None].expand(-1, -1, width))
    members = candidates.flatten(0, 1)
    similar = F.normalize(anchors, dim=-1) @ F.normalize(members, dim=-1).T
    chosen = F.one_hot(similar.argmax(1), each).transpose(1, 2).float()
    count = chosen.sum(-1, keepdim=True)
    weight = torch.clamp(1 / (count + 1), min=BETA)
    merged = weight * anchors + (1 - weight) * (chosen @ members) / count
    return x, is_salient, torch.gather(index[carriers], 1, top).flatten(), merged.flatten(0, 1)


def prune(tokens, attention, keep):
    """One segment: kept indices and their values."""
    frames, positions, _ = tokens.shape
    x, is_salient, anchor_index, merged = merge(tokens, attention, keep)
    salient_index = torch.arange(frames * positions).view(frames, positions)[is_salient]
    kept = torch.cat([salient_index, anchor_index])
    values = torch.cat([x[is_salient], merged]).to(tokens.dtype)
    order = kept.argsort()
    return kept[order], values[order]


def set_up(_, part, frames, positions):
    frames, positions = int(frames), int(positions)
    tokens = video_tokens.tokens(frames, positions)
    features, attention = video_tokens.noisy(frames, video_tokens.FEATURE_WIDTH), torch.rand(frames, positions)
    keep = int(positions * video_tokens.BUDGET)

    def segments():
        first = 0
        for count in cut(features):
            yield first, tokens[first:first + count], attention[first:first + count]
            first += count

    def run():
        kept = []
        for first, own, attended in segments():
            index, values = prune(own, attended, keep)
            kept.append((index + first * positions, values))
        return torch.cat([index for index, _ in kept]), torch.cat([values for _, values in kept])

    ready = list(segments())

    def repetition():
        if part == "dtm":
            seconds, merged = protocol.timed(lambda: [merge(own, attended, keep) for _, own, attended in ready])
            return {"seconds": seconds, "anchors": sum(len(values) for _, _, _, values in merged)}
        seconds, (index, _) = protocol.timed(run)
        return {"seconds": seconds, "entered": len(index)}
    return repetition


protocol.serve(set_up)
