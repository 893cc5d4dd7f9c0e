// A video's page: the player, the comparison with its clip or other versions, and its review.
import "./player.js";
import "./compare.js";
import "../review/comments.js";
import "../review/mentions.js";
