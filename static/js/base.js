// Every page's script: the parts of its frame.
import "./ui/theme.js";
import "./ui/menu.js";
import "./ui/dialog.js";
import "./ui/toast.js";
import "./ui/forms.js";
import "./ui/restored.js";
import "./ui/focus.js";
import "./ui/copy.js";
import "./ui/answers.js";
import "./ui/times.js";
import "./ui/home-screen.js";
import "./ui/expired-links.js";
import "./notifications/bell.js";
