// The transcript: it follows the player, a click plays from there, and a search marks what it finds
// without touching the text (CSS Custom Highlight API).
import { register } from "./keys.js";

export function transcript(section, playing) {
  const lines = [...section.querySelectorAll("[data-at]")];
  const starts = lines.map((line) => Number(line.dataset.at));
  stand(section);
  find(section);
  if (!lines.length) return;

  const follow = section.querySelector("[data-follow]");
  section.querySelector("[data-follow-choice]").hidden = false;
  let said = section.querySelector(".said");
  playing.onTime((now) => {
    const line = lines[last(starts, now)] ?? null;
    if (line === said) return;
    said?.classList.remove("said");
    line?.classList.add("said");
    said = line;
    if (line && follow.checked && !playing.audio.paused) bring(line);
  });
  section.addEventListener("click", (event) => {
    const line = event.target.closest("[data-at]");
    if (document.querySelector("[data-editing]")) return; // there a click sets a bound
    if (line && playing.ready() && getSelection().isCollapsed) playing.seek(Number(line.dataset.at), true);
  });
  register("t", () => {
    follow.checked = !follow.checked;
    if (follow.checked && said) bring(said);
  });
}

// The bar sticks below the player, and what gets the focus is scrolled below both.
function stand(section) {
  const measured = {
    "--player-height": document.getElementById("player"),
    "--find-height": section.querySelector(".rail"),
  };
  const watch = new ResizeObserver(() => {
    for (const [name, part] of Object.entries(measured)) {
      document.documentElement.style.setProperty(name, `${part.offsetHeight}px`);
    }
  });
  for (const part of Object.values(measured)) watch.observe(part);
}

function bring(line) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  line.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
}

// Index of the last start that is not after a second: binary search, transcripts have thousands.
function last(starts, now) {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle] <= now) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function find(section) {
  const form = section.querySelector("[data-find]");
  if (!("highlights" in CSS)) return;
  form.hidden = false;
  const field = form.querySelector("input");
  const told = form.querySelector("[data-found]");
  let ranges = [];
  let at = -1;
  const go = (step) => {
    if (!ranges.length) return;
    at = (at + step + ranges.length) % ranges.length;
    bring(ranges[at].startContainer.parentElement);
    told.textContent = `${at + 1} of ${ranges.length}`;
  };
  field.addEventListener("input", () => {
    ranges = found(section, field.value.trim().toLowerCase());
    CSS.highlights.set("found", new Highlight(...ranges));
    at = -1;
    told.textContent = field.value.trim() ? `${ranges.length} found` : "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    go(1);
  });
}

function found(section, words) {
  const ranges = [];
  if (!words) return ranges;
  const walk = document.createTreeWalker(section.querySelector(".paragraphs"), NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.toLowerCase();
    for (let from = text.indexOf(words); from >= 0; from = text.indexOf(words, from + words.length)) {
      const range = new Range();
      range.setStart(walk.currentNode, from);
      range.setEnd(walk.currentNode, from + words.length);
      ranges.push(range);
    }
  }
  return ranges;
}
