// The review of a video, on its page and behind a shared link: comments, their pins, and what others add meanwhile.
import "../page-poller.js";
import "./comments.js";
import "./pins.js";
