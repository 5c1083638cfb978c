// The bounds of a snip: five seconds at a press, or the first and the last line of the transcript. All
// of it writes into the two fields of the form; nothing is kept before the form is sent.
import { clock } from "./player.js";

let awaitsLast = false;

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) return move(document.getElementById(step.dataset.for), Number(step.dataset.step));
  const form = document.querySelector("[data-bounds]");
  const line = event.target.closest("[data-at]");
  if (!form || !line || line.closest("[data-bounds]")) return;
  const [first, last] = ["start", "end"].map((name) => form.elements[name]);
  const start = Number(line.dataset.at);
  const end = Math.ceil(Number(line.dataset.end ?? line.dataset.at));
  if (awaitsLast && start >= (seconds(first.value) ?? 0)) {
    last.value = clock(end);
    awaitsLast = false;
  } else {
    first.value = clock(start);
    if ((seconds(last.value) ?? 0) <= start) last.value = clock(end);
    awaitsLast = true;
  }
  hint(form, awaitsLast ? "Now click the last line, or save." : "Both bounds are set. Save to keep them.");
  show(form);
});
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-bound]")) show(event.target.form);
});
const ready = () => {
  awaitsLast = false;
  const form = document.querySelector("[data-bounds]");
  for (const line of document.querySelectorAll(".taken")) line.classList.remove("taken");
  if (!form || !document.querySelector("[data-at]")) return;
  hint(form, "Or click the first and the last line in the transcript.");
  show(form);
};
const fields = document.getElementById("toast-fields");
if (fields) new MutationObserver(ready).observe(fields, { childList: true });
ready();

function move(field, by) {
  const now = seconds(field.value);
  if (now === null) return;
  field.value = clock(Math.max(0, now + by));
  show(field.form);
}

function hint(form, words) {
  const told = form.querySelector("[data-pick-hint]");
  told.hidden = false;
  told.textContent = words;
}

// Marks the lines that the snip takes.
function show(form) {
  const [first, last] = ["start", "end"].map((name) => seconds(form.elements[name].value));
  for (const line of document.querySelectorAll("[data-at]")) {
    const at = Number(line.dataset.at);
    const taken = first !== null && last !== null && Math.floor(at) >= first && at < last;
    line.classList.toggle("taken", taken);
    if (line.matches("button")) line.setAttribute("aria-pressed", String(taken));
  }
}

// Seconds of 12:34 or 1:02:05; null for anything else.
function seconds(text) {
  if (!/^\d+(:\d{1,2}){0,2}$/.test(text.trim())) return null;
  return text.trim().split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}
