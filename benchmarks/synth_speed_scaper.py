"""The Scaper side of `synth_speed.py`; run by an interpreter that has scaper and knows nothing of audio-reasoner.

Reads a list of scenes (JSON on standard input), makes each with Scaper, and prints seconds of processor and wall time.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import scaper
from scaper.audio import get_integrated_lufs


def main() -> None:
    """Three jobs: how loud Scaper finds the sources, generating into memory, generating files with JAMS."""
    warnings.simplefilter("ignore")
    logging.getLogger().setLevel(logging.ERROR)
    job = json.load(sys.stdin)
    if job["what"] == "lufs":
        import soundfile

        print(json.dumps({p: float(get_integrated_lufs(soundfile.read(p)[0], job["rate"])) for p in job["paths"]}))
        return
    out = Path(job["out"])
    files = job["what"] == "files"
    begun, used = time.perf_counter(), time.process_time()
    for i, scene in enumerate(job["scenes"]):
        sc = scaper.Scaper(scene["seconds"], job["foreground"], job["background"], random_state=0)
        sc.sr, sc.n_channels, sc.ref_db, sc.fade_in_len, sc.fade_out_len = job["rate"], 1, job["ref_db"], 0.01, 0.01
        for e in scene["events"]:
            sc.add_event(
                label=("const", e["label"]),
                source_file=("const", e["path"]),
                source_time=("const", 0.0),
                event_time=("const", e["time"]),
                event_duration=("const", e["seconds"]),
                snr=("const", e["snr"]),
                pitch_shift=None,
                time_stretch=None,
            )
        if files:
            sc.generate(str(out / f"{i}.wav"), str(out / f"{i}.jams"), disable_instantiation_warnings=True)
        else:
            audio, *_ = sc.generate(None, None, disable_instantiation_warnings=True)
            if i < job["keep"]:
                np.save(out / f"{i}.npy", audio)
    print(
        json.dumps(
            {"wall": time.perf_counter() - begun, "cpu": time.process_time() - used, "version": scaper.__version__}
        )
    )


if __name__ == "__main__":
    main()
