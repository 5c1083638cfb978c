// The player around the browser's own <audio>: place, speed, chapters, keys, and the buttons of a
// headset (Media Session). The place of each episode is remembered in this browser only.
import { register } from "./keys.js";

const STEP_SECONDS = 5;
const REMEMBER_EVERY_SECONDS = 5;
const LAST_SECONDS = 20; // an episode that is over begins anew

export function player(box) {
  const audio = box.querySelector("audio");
  const part = (selector) => box.querySelector(selector);
  const place = part("[data-place]");
  const skip = Number(box.dataset.skip);
  const chapters = [...document.querySelectorAll("[data-chapter]")].map((link) => ({
    link, start: Number(link.dataset.seek), title: link.lastElementChild.firstChild.textContent,
  }));
  const memory = `earwitness-place:${box.dataset.episode}`;
  const listeners = [];
  const ready = () => Boolean(audio.currentSrc || audio.src);

  // a browser may want a gesture on this page first; the button is there for it
  const start = () => audio.play().catch(() => {});

  const seek = (seconds, play = false) => {
    if (!ready()) return;
    audio.currentTime = Math.max(0, Math.min(seconds, audio.duration || seconds));
    if (play) start();
    show();
  };
  const toggle = () => { if (ready()) (audio.paused ? start() : audio.pause()); };
  const speeds = [...part("[data-speed]").options].map((one) => Number(one.value));
  const setSpeed = (speed) => { if (speed) audio.playbackRate = speed; };
  const current = () => chapters.findLast((one) => one.start <= audio.currentTime + 0.01);
  const chapter = (step) => {
    const at = chapters.indexOf(current());
    const next = chapters[Math.max(0, at + step)];
    if (next) seek(next.start);
  };

  function show() {
    const now = current();
    part("[data-show-time]").textContent = clock(audio.currentTime);
    place.value = audio.currentTime;
    place.setAttribute("aria-valuetext", clock(audio.currentTime));
    for (const one of chapters) {
      if (one === now) one.link.setAttribute("aria-current", "true");
      else one.link.removeAttribute("aria-current");
    }
    part("[data-now]").hidden = !now;
    part("[data-now]").textContent = now ? now.title : "";
    for (const listener of listeners) listener(audio.currentTime);
  }

  function appear() {
    part(".transport").hidden = false;
    audio.controls = false;
    box.removeAttribute("data-silent");
    const kept = Number(localStorage.getItem(memory) || 0);
    const asked = /^#t=(\d+)$/.exec(location.hash);
    audio.addEventListener("loadedmetadata", () => {
      place.max = Math.floor(audio.duration) || 1;
      part("[data-show-length]").textContent = clock(audio.duration);
      if (asked) seek(Number(asked[1]));
      else if (box.dataset.start) seek(Number(box.dataset.start), true);
      else if (kept < audio.duration - LAST_SECONDS) seek(kept);
    }, { once: true });
    if (audio.readyState > 0) audio.dispatchEvent(new Event("loadedmetadata"));
  }

  audio.addEventListener("timeupdate", show);
  audio.addEventListener("ratechange", () => { part("[data-speed]").value = String(audio.playbackRate); });
  for (const kind of ["play", "pause"]) {
    audio.addEventListener(kind, () => {
      const button = part("[data-do=play]");
      button.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
      button.querySelector("use").setAttribute("href", audio.paused ? "#sign-play" : "#sign-pause");
    });
  }
  let remembered = 0;
  audio.addEventListener("timeupdate", () => {
    if (Math.abs(audio.currentTime - remembered) < REMEMBER_EVERY_SECONDS) return;
    remembered = audio.currentTime;
    localStorage.setItem(memory, String(Math.floor(remembered)));
  });
  audio.addEventListener("error", () => {
    part("[data-now]").hidden = false;
    part("[data-now]").textContent = "This recording cannot be played by this browser.";
  });

  part("[data-do=play]").addEventListener("click", toggle);
  part("[data-do=back]").addEventListener("click", () => seek(audio.currentTime - skip));
  part("[data-do=ahead]").addEventListener("click", () => seek(audio.currentTime + skip));
  place.addEventListener("input", () => seek(Number(place.value)));
  part("[data-speed]").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
  part("[data-file]")?.addEventListener("change", (event) => {
    const [file] = event.target.files;
    if (!file) return;
    audio.src = URL.createObjectURL(file);
    part("[data-pick]").hidden = true;
    appear();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-seek]");
    if (!link || !ready()) return;
    event.preventDefault();
    history.replaceState(null, "", link.getAttribute("href"));
    seek(Number(link.dataset.seek), true);
  });

  register(" ", toggle);
  register("ArrowLeft", () => seek(audio.currentTime - STEP_SECONDS), { goesOn: true });
  register("ArrowRight", () => seek(audio.currentTime + STEP_SECONDS), { goesOn: true });
  register("j", () => seek(audio.currentTime - skip), { goesOn: true });
  register("l", () => seek(audio.currentTime + skip), { goesOn: true });
  register(",", () => chapter(audio.currentTime - (current()?.start ?? 0) > 3 ? 0 : -1));
  register(".", () => chapter(1));
  register("[", () => setSpeed(speeds.findLast((one) => one < audio.playbackRate)));
  register("]", () => setSpeed(speeds.find((one) => one > audio.playbackRate)));
  headset(box, { audio, seek, skip, chapter });
  if (ready()) appear();
  return { audio, seek, ready, onTime: (listener) => listeners.push(listener) };
}

function headset(box, { audio, seek, skip, chapter }) {
  if (!("mediaSession" in navigator)) return;
  navigator.mediaSession.metadata = new MediaMetadata({
    title: box.dataset.title, artist: box.dataset.show,
  });
  const acts = {
    play: () => audio.play(),
    pause: () => audio.pause(),
    seekbackward: (asked) => seek(audio.currentTime - (asked.seekOffset || skip)),
    seekforward: (asked) => seek(audio.currentTime + (asked.seekOffset || skip)),
    seekto: (asked) => seek(asked.seekTime),
    previoustrack: () => chapter(-1),
    nexttrack: () => chapter(1),
  };
  for (const [name, act] of Object.entries(acts)) navigator.mediaSession.setActionHandler(name, act);
}

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const [hours, minutes, rest] = parts;
  const end = `${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}
