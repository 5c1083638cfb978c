// Snips while listening: one key saves the last seconds, another one asks for a note. The recording
// plays on; what was saved is said at the foot of the page, with what can be done about it.
import { register } from "./keys.js";

const SHOWN_MS = 15_000;

const audio = document.querySelector("#player audio");
const form = document.querySelector("[data-snip-now]");
const toast = document.querySelector("[data-toast]");
// Fields that are open stay while more is saved, so that nothing that was written there is lost.
const [fields, said] = toast.children;
const ready = () => Boolean(audio.currentSrc || audio.src);
let wantsNote = false;
let hiding = 0;

const save = () => (ready() ? form.requestSubmit() : byPlace());
form.addEventListener("submit", () => { form.elements.at.value = audio.currentTime.toFixed(2); }, true);
register("s", save);
register("n", () => {
  const open = fields.querySelector("[name=note]");
  if (open) return open.focus();
  const note = said.querySelector("[data-note]");
  if (note) return note.click();
  wantsNote = ready();
  save();
});

const close = (part) => {
  if (part === said) clearTimeout(hiding);
  part.replaceChildren();
};
// What was written is thrown away by the second time only.
const leave = (part) => {
  const warned = part.querySelector("[data-unsaved]");
  if (warned || !changed(part)) return close(part);
  const words = document.createElement("p");
  words.className = "problem";
  words.dataset.unsaved = "";
  words.setAttribute("role", "alert");
  words.textContent = "Not saved yet. Once more, and what you wrote is thrown away.";
  part.querySelector(".go").before(words);
};
const changed = (part) => [...part.querySelectorAll("input:not([type=hidden]), textarea")].some((one) => (
  one.type === "checkbox" ? one.checked !== one.defaultChecked : one.value !== one.defaultValue
));
for (const part of [fields, said]) {
  part.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) leave(part); });
  part.addEventListener("keydown", (event) => { if (event.key === "Escape" && !event.repeat) leave(part); });
}
const ours = (event) => form.contains(event.target) || toast.contains(event.target);
document.addEventListener("htmx:after:swap", (event) => {
  if (!ours(event)) return;
  const note = wantsNote && said.querySelector("[data-note]");
  wantsNote = false;
  if (note) return note.click();
  if (!form.contains(event.target)) {
    fields.querySelector("[data-focus]")?.focus();
  }
  clearTimeout(hiding);
  if (event.target.matches("[data-hx-get]")) return close(said); // its fields are open now
  hide();
});
const hide = () => {
  hiding = setTimeout(() => (said.matches(":hover, :focus-within") ? hide() : close(said)), SHOWN_MS);
};
document.addEventListener("htmx:error", (event) => {
  if (!ours(event)) return;
  wantsNote = false;
  const told = document.createElement("div");
  told.className = "told-snip";
  told.setAttribute("role", "alert");
  told.textContent = "Not saved: the site does not answer. Is it still running?";
  said.replaceChildren(told);
});

// Without a recording there is no place to save: it is written.
function byPlace() {
  const keep = document.querySelector("[data-by-place]");
  keep.open = true;
  keep.querySelector("[name=start]").focus();
}
