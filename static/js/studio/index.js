// The studio's page: inputs come in, options are kept, the price follows.
import "../jobs/following.js";
import "./options.js";
import "./price.js";
import "./trim.js";
import "./inputs.js";
import "./crop.js";
import "./recents.js";
