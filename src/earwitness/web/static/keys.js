// One table of keys for a page. A key acts only while nobody is typing, and never with a modifier, so
// that those of the browser and of screen readers keep their meaning. A key that is held down acts
// once, but for those that are said to go on.

const actions = new Map();
const going = new Set();
const SEQUENCE_MS = 1200;
let before = "";
let pressed = 0;

export function register(key, action, { goesOn = false } = {}) {
  actions.set(key, action);
  if (goesOn) going.add(key);
}

export function keys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const sequence = event.timeStamp - pressed < SEQUENCE_MS && before === "g" ? `g ${event.key}` : "";
    const action = actions.get(sequence) ?? actions.get(event.key);
    before = event.key;
    pressed = event.timeStamp;
    if (!action || (event.key === " " && isPressable(event.target))) return;
    if (event.key === "Enter" && (isPressable(event.target) || event.target.matches("a"))) return;
    event.preventDefault();
    if (!event.repeat || going.has(event.key)) action();
  });
}

function isTyping(element) {
  if (element.isContentEditable || element.matches("textarea, select")) return true;
  return element.matches("input") && !["checkbox", "radio", "button"].includes(element.type);
}

function isPressable(element) {
  return element.matches("button, summary, input");
}
