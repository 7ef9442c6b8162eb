"""What both DPP peers share: `dpp_*.py FOLDER THREADS` reads the inputs, answers "ready", then one repetition per line.

FOLDER holds features.f32 [n, D], relevance.f32 [n], and segments.txt with "count keep" per line; segments are consecutive.
Each repetition writes the picks, segment after segment in order of selection, to FOLDER/<name>.picks (int64).
"""
import json
import os
import sys
import time

import numpy
import torch


def serve(name, select):
    folder, threads = sys.argv[1], int(sys.argv[2])
    torch.set_num_threads(threads)
    relevance = torch.from_numpy(numpy.fromfile(os.path.join(folder, "relevance.f32"), numpy.float32))
    features = torch.from_numpy(numpy.fromfile(os.path.join(folder, "features.f32"), numpy.float32)).view(len(relevance), -1)
    with open(os.path.join(folder, "segments.txt")) as lines:
        segments = [tuple(map(int, line.split())) for line in lines]
    with torch.inference_mode():
        print("ready", flush=True)
        for _ in sys.stdin:
            start, processor = time.perf_counter(), time.process_time()
            picks = select(features, relevance, segments)
            answer = {"seconds": time.perf_counter() - start, "processorSeconds": time.process_time() - processor}
            torch.cat(picks).numpy().astype(numpy.int64).tofile(os.path.join(folder, name + ".picks"))
            with open("/proc/self/status") as status:
                answer["peakMiB"] = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))
            print(json.dumps(answer), flush=True)
