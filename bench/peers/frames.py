"""A plain FFmpeg that writes the same 32 frames of the video to a pipe."""
import os
import subprocess

import protocol

FRAMES = 32


def set_up(_checkpoint):
    video = os.environ.get("HIERAVID_BENCH_VIDEO", os.path.join("samples", "bottle-detection.mp4"))
    count = int(subprocess.check_output(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-show_entries", "stream=nb_read_packets",
         "-of", "csv=p=0", video]).split()[0].strip(b","))
    step = (count - 1) / (FRAMES - 1)
    frames = [int(i * step) for i in range(FRAMES - 1)] + [count - 1]
    select = "+".join(f"eq(n,{frame})" for frame in frames)
    command = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "2", "-i", video, "-an", "-vf", f"select='{select}'",
               "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]

    def repetition():
        seconds, frames_read = protocol.timed(lambda: read(command))
        return {"seconds": seconds, "frameBytes": frames_read}

    return repetition


def read(command):
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    total = 0
    while chunk := process.stdout.read(1 << 20):
        total += len(chunk)
    process.wait()
    return total


protocol.serve(set_up)
