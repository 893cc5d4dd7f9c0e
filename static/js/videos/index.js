// The wall of videos: tiles play under the pointer and can be selected.
import "./tile-previews.js";
import "./selection.js";
