// What every page needs beside its HTML: keys, live panels, the player. Pages can be read without.
import { keys, register } from "./keys.js";
import { player } from "./player.js";
import { listen } from "./stream.js";
import { transcript } from "./transcript.js";

document.documentElement.classList.add("scripted");
keys();

for (const link of document.querySelectorAll(".bar > .rooms a[data-key]")) {
  register(`g ${link.dataset.key}`, () => link.click());
}
const table = document.getElementById("keys");
if (table) register("?", () => table.showModal());
register("/", () => {
  const field = document.querySelector("[data-search]") ?? everything();
  field?.focus();
  field?.select();
});

// The field of the bar; on a narrow screen it is in the menu, which is opened for it.
function everything() {
  const fields = [...document.querySelectorAll("[data-search-all]")];
  const seen = fields.find((one) => one.checkVisibility());
  if (seen) return seen;
  const menu = document.querySelector(".menu");
  if (menu) menu.open = true;
  return menu?.querySelector("[data-search-all]");
}

// A list that follows its form keeps the address, so that going back and reloading find it again.
for (const form of document.querySelectorAll("[data-lasting]")) {
  const keep = () => {
    const said = [...new FormData(form)].filter(([, value]) => value);
    history.replaceState(null, "", `${form.getAttribute("action")}?${new URLSearchParams(said)}`);
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
}

for (const panel of document.querySelectorAll("[data-stream]")) listen(panel);

// A part of the page that cannot be had is told beside what asked for it; snips tell it themselves.
const missed = document.createElement("p");
missed.className = "problem";
missed.setAttribute("role", "alert");
missed.textContent = "The site does not answer. Is it still running?";
document.addEventListener("htmx:error", ({ target }) => {
  if (!target.closest("[data-snip-now], [data-toast]")) (target.closest("form") ?? target).after(missed);
});
document.addEventListener("htmx:after:swap", () => missed.remove());

const box = document.getElementById("player");
if (box) {
  const playing = player(box);
  const text = document.getElementById("transcript-section");
  if (text) transcript(text, playing);
}
const undo = document.querySelector("[data-undo]");
if (undo) register("u", () => undo.requestSubmit());

for (const form of document.querySelectorAll("form[method=post]:not([data-ask]):not([data-hx-post])")) {
  form.addEventListener("submit", () => {
    // a second click would ask for the same again; the page that comes replaces this one
    for (const button of form.querySelectorAll("button")) {
      button.setAttribute("aria-busy", "true");
      setTimeout(() => { button.disabled = true; });
    }
  });
}
// a page that comes back from the browser's memory has to be usable again
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("button[aria-busy]")) {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
});
