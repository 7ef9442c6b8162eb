"""How a peer talks to the driver: "ready" after set-up, then one repetition per line received, answered as JSON."""
import json
import sys
import time

import torch


def serve(set_up):
    """Arguments: whatever the script takes, then the checkpoint's folder and the number of threads."""
    torch.set_num_threads(int(sys.argv[-1]))
    with torch.inference_mode():
        repetition = set_up(sys.argv[-2], *sys.argv[1:-2])
        print("ready", flush=True)
        for _ in sys.stdin:
            before = time.process_time()
            measured = repetition()
            measured["cpuSeconds"] = time.process_time() - before
            print(json.dumps(measured), flush=True)


def memory(field):
    """A line of the kernel's status of this process (VmRSS, VmHWM), in bytes."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(field))


def timed(body):
    """Seconds that body took, and what it returned."""
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result
