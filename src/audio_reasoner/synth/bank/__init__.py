"""The built-in sounds: 32 classes computed from seeds."""
