"""Labels and recordings from outside, read into clips: `folder` for a user's own files."""

from audio_reasoner.sources.folder import (
    BadRow,
    FolderOptions,
    FolderResult,
    Notice,
    build_clips,
    plan_folder,
    read_folder,
)

__all__ = ["BadRow", "FolderOptions", "FolderResult", "Notice", "build_clips", "plan_folder", "read_folder"]
