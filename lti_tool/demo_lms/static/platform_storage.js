// Keeps small texts for the tool in the frame (1EdTech LTI postMessage Storage): per origin, as long as the page is
// open. Only the tool is listened to, and only it is answered.
"use strict";

const MOST_TEXTS = 100;
const MOST_CHARACTERS = 4096;
const kept = new Map();
const frame = document.getElementById("contentframe");
const toolOrigin = new URL(frame.dataset.tool).origin;

const isText = (value) => typeof value === "string" && value.length > 0 && value.length <= MOST_CHARACTERS;

function put(message) {
  if (!isText(message.key) || !isText(message.value)) {
    return { error: { code: "bad_request", message: "key and value must be texts" } };
  }
  if (kept.size >= MOST_TEXTS && !kept.has(message.key)) {
    return { error: { code: "storage_exhaustion", message: "too many texts" } };
  }
  kept.set(message.key, message.value);
  return { key: message.key, value: message.value };
}

function get(message) {
  return { key: message.key, value: kept.get(message.key) };
}

function capabilities() {
  const subjects = ["lti.capabilities", ...Object.keys(actions)];
  return { supported_messages: subjects.map((subject) => ({ subject, frame: "_parent" })) };
}

const actions = { "lti.put_data": put, "lti.get_data": get };

window.addEventListener("message", (event) => {
  const message = event.data;
  if (event.origin !== toolOrigin || event.source !== frame.contentWindow || !message) {
    return;
  }
  const act = message.subject === "lti.capabilities" ? capabilities : actions[message.subject];
  if (act) {
    const answer = { subject: `${message.subject}.response`, message_id: message.message_id, ...act(message) };
    event.source.postMessage(answer, event.origin);
  }
});
