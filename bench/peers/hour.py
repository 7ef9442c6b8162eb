"""A plain FFmpeg on the hour that our side made: one run with an fps filter, or one run with a seek per frame."""
import os
import subprocess

import protocol

SPREAD = 64


def set_up(_checkpoint, kind):
    sample = os.environ.get("HIERAVID_BENCH_VIDEO", "bottle-detection.mp4")
    video = os.path.join("artifacts", "bench", "hour-" + os.path.basename(sample))
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin"]
    if kind == "fps":
        commands = [[*ffmpeg, "-i", video, "-vf", "fps=1,scale=384:384", "-f", "null", "-"]]
    else:
        length = float(subprocess.check_output(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", video]))
        # Not the very end, where a player finds no frame.
        times = [i * (length - 1) / (SPREAD - 1) for i in range(SPREAD)]
        commands = [[*ffmpeg, "-ss", f"{time:.6f}", "-i", video, "-frames:v", "1", "-vf", "scale=384:384", "-f", "null", "-"]
                    for time in times]

    def repetition():
        seconds, _ = protocol.timed(lambda: [subprocess.run(command, check=True) for command in commands])
        return {"seconds": seconds}

    return repetition


protocol.serve(set_up)
