"""Prefill in PyTorch: `prefill.py full|blocked CHECKPOINT THREADS`."""
import protocol
import qwen2

# The full matrix takes minutes for all layers; two are run and the time of a layer is multiplied up.
LAYERS_OF_FULL = 2


def set_up(folder, kind):
    model = qwen2.Qwen2(folder, LAYERS_OF_FULL if kind == "full" else None)
    prompt = model.prompt()
    attention = {"full": qwen2.full, "blocked": qwen2.blocked}[kind]
    factor = model.config["num_hidden_layers"] / model.layers
    before = protocol.memory("VmRSS")

    def repetition():
        cache = qwen2.Cache(model.config, prompt.shape[0] + 256)
        layers, hidden = protocol.timed(lambda: model.forward(prompt, cache, attention))
        head, logits = protocol.timed(lambda: model.logits(hidden))
        return {"seconds": layers * factor + head, "peakBytesBesideWeights": protocol.memory("VmHWM") - before,
                "meanAbsoluteLogit": logits.abs().mean().item(), "bestToken": logits.argmax().item(),
                "layersRun": model.layers}
    return repetition


protocol.serve(set_up)
