// Snips while listening: one key saves the last seconds, another one asks for a note. The recording
// plays on; what was saved is said at the foot of the page, with what can be done about it.
import { register } from "./keys.js";

const SHOWN_MS = 15_000;

const audio = document.querySelector("#player audio");
const form = document.querySelector("[data-snip-now]");
const toast = document.querySelector("[data-toast]");
const ready = () => Boolean(audio.currentSrc || audio.src);
let wantsNote = false;
let hiding = 0;

const save = () => (ready() ? form.requestSubmit() : byPlace());
form.addEventListener("submit", () => { form.elements.at.value = audio.currentTime.toFixed(2); }, true);
register("s", save);
register("n", () => {
  const note = toast.querySelector("[data-note]");
  if (note) return note.click();
  if (toast.querySelector("[data-editing]")) return toast.querySelector("[name=note]").focus();
  wantsNote = ready();
  save();
});

const close = () => {
  clearTimeout(hiding);
  toast.replaceChildren();
};
toast.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) close(); });
toast.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
const ours = (event) => form.contains(event.target) || toast.contains(event.target);
document.addEventListener("htmx:after:swap", (event) => {
  if (!ours(event)) return;
  clearTimeout(hiding);
  const note = wantsNote && toast.querySelector("[data-note]");
  wantsNote = false;
  if (note) return note.click();
  toast.querySelector("[data-focus]")?.focus();
  if (!toast.querySelector("[data-editing]")) hide();
});
const hide = () => {
  hiding = setTimeout(() => (toast.matches(":hover, :focus-within") ? hide() : close()), SHOWN_MS);
};
document.addEventListener("htmx:error", (event) => {
  if (!ours(event)) return;
  wantsNote = false;
  const told = document.createElement("div");
  told.className = "told-snip";
  told.setAttribute("role", "alert");
  told.textContent = "Not saved: the site does not answer. Is it still running?";
  toast.replaceChildren(told);
});

// Without a recording there is no place to save: it is written.
function byPlace() {
  const keep = document.querySelector("[data-by-place]");
  keep.open = true;
  keep.querySelector("[name=start]").focus();
}
