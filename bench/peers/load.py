"""Loading in PyTorch: `load.py CHECKPOINT THREADS`."""
import checkpoint
import protocol


def set_up(folder):
    def repetition():
        before = protocol.memory("VmRSS")
        seconds, tensors = protocol.timed(lambda: checkpoint.load(folder, ""))
        weights = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
        peak = protocol.memory("VmHWM")
        return {"seconds": seconds, "peakBytes": peak, "peakOverWeights": peak / weights,
                "addedOverWeights": (peak - before) / weights}
    return repetition


protocol.serve(set_up)
