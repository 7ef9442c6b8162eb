"""Decode steps in PyTorch: `decode.py CHECKPOINT THREADS`."""
import protocol
import qwen2
import torch

STEPS = 32


def set_up(folder):
    model = qwen2.Qwen2(folder)
    prompt = model.prompt()
    cache = qwen2.Cache(model.config, prompt.shape[0] + 100 * STEPS)
    model.forward(prompt, cache, qwen2.blocked)

    def steps():
        for i in range(STEPS):
            best = model.logits(model.forward(model.embed(torch.tensor([i * 7919 % model.config["vocab_size"]])),
                                              cache, qwen2.step)).argmax().item()
        return best

    def repetition():
        seconds, best = protocol.timed(steps)
        return {"seconds": seconds / STEPS, "bestToken": best}
    return repetition


protocol.serve(set_up)
