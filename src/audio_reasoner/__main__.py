"""`python -m audio_reasoner`: the command line, for launchers that start modules (`accelerate launch -m`)."""

from audio_reasoner.cli import main

if __name__ == "__main__":
    main()
