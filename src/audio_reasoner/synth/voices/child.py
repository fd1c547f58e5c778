"""Speaks one utterance with espeak-ng and ends: the program that runs in a process of its own.

Decision: a fresh process per utterance. Called again in one process, espeak-ng keeps state and the same text gives
other samples each time; a fresh process repeats exactly and costs 30 ms. It is GPL-3, so it is never loaded into the
process of this package: this file is run on its own and uses the standard library alone (`python -I -S`).

Standard input is one JSON object (library, data, voice, rate, pitch, range, text); standard output is the sample rate
as four bytes, little end first, and then 16-bit samples. Exit status 3: no such voice; 4: the library gave no sound.
"""

import ctypes
import json
import sys
from typing import Any

SYNCHRONOUS = 2
RATE, PITCH, RANGE = 1, 3, 4
UTF8 = 1


def main() -> int:
    job = json.load(sys.stdin.buffer)
    library = ctypes.CDLL(job["library"])
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, job["data"].encode(), 0)
    if rate <= 0:
        sys.stderr.write(f"espeak-ng does not start with the data in {job['data']}")
        return 4
    pieces: list[bytes] = []
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    def keep(wave: Any, samples: int, _: Any) -> int:
        if wave and samples > 0:
            pieces.append(ctypes.string_at(wave, 2 * samples))
        return 0

    callback = callback_type(keep)  # held until the end: the library calls it
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(job["voice"].encode()) != 0:
        sys.stderr.write(f"espeak-ng has no voice {job['voice']}")
        return 3
    for parameter, name in ((RATE, "rate"), (PITCH, "pitch"), (RANGE, "range")):
        library.espeak_SetParameter(parameter, int(job[name]), 0)
    text = job["text"].encode()
    library.espeak_Synth(text, len(text) + 1, 0, 1, 0, UTF8, None, None)
    library.espeak_Synchronize()
    sys.stdout.buffer.write(rate.to_bytes(4, "little") + b"".join(pieces))
    return 0


if __name__ == "__main__":
    sys.exit(main())
