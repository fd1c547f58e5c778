"""Who speaks: espeak-ng, CosyVoice 2 with LibriSpeech speakers, any server of /v1/audio/speech."""
