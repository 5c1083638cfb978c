// Snips while listening: one key saves the last seconds, another one asks for a note. The recording
// plays on; what was saved is said at the foot of the page, with what can be done about it.
import { register } from "./keys.js";

const SHOWN_MS = 15_000;

export function snipping(playing) {
  const form = document.querySelector("[data-snip-now]");
  const toast = document.querySelector("[data-toast]");
  let wantsNote = false;
  let hiding = 0;

  const save = () => { if (playing.ready()) form.requestSubmit(); };
  form.addEventListener("submit", () => { form.elements.at.value = playing.audio.currentTime.toFixed(2); }, true);
  register("s", save);
  register("n", () => {
    const note = toast.querySelector("[data-note]");
    if (note) return note.click();
    if (toast.querySelector("[data-editing]")) return toast.querySelector("[name=note]").focus();
    wantsNote = playing.ready();
    save();
  });

  const close = () => {
    clearTimeout(hiding);
    toast.replaceChildren();
  };
  toast.addEventListener("click", (event) => { if (event.target.closest("[data-close]")) close(); });
  toast.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  toast.addEventListener("htmx:afterSettle", () => {
    clearTimeout(hiding);
    if (wantsNote) {
      wantsNote = false;
      return toast.querySelector("[data-note]")?.click();
    }
    toast.querySelector("[autofocus]")?.focus();
    if (!toast.querySelector("[data-editing]")) hide();
  });
  const hide = () => {
    hiding = setTimeout(() => (toast.matches(":hover, :focus-within") ? hide() : close()), SHOWN_MS);
  };
  for (const kind of ["htmx:responseError", "htmx:sendError"]) {
    document.body.addEventListener(kind, (event) => {
      if (!form.contains(event.target) && !toast.contains(event.target)) return;
      wantsNote = false;
      const status = event.detail.xhr?.status;
      toast.innerHTML = '<div class="told-snip"><p role="alert"></p><button type="button" class="text-button" data-close aria-label="Close">✕</button></div>';
      toast.querySelector("p").textContent = status === 403
        ? "Not saved: the site was started again since. Reload this page."
        : "Not saved: the site did not answer as it should. Try again.";
    });
  }
}
