"""Pictures: kinds of files, still pictures, frames of clips, posters of both."""
