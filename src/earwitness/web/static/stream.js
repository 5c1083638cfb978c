// A panel that the server sends anew after every event of a run. The browser reconnects by itself and
// says which event it saw last; when there will be no more, the page is fetched with its verdict. What
// is shown while nothing comes is old, and the page says so.

export function listen(panel) {
  const page = panel.closest("main");
  const lost = (is) => {
    page.classList.toggle("lost", is);
    for (const words of page.querySelectorAll("[data-lost]")) words.hidden = !is;
    for (const words of page.querySelectorAll("[data-held]")) words.hidden = is;
  };
  const source = new EventSource(panel.dataset.stream);
  source.addEventListener("panel", (event) => {
    const open = [...panel.querySelectorAll("details")].map((one) => one.open);
    panel.innerHTML = event.data;
    panel.querySelectorAll("details").forEach((one, index) => { one.open = open[index] ?? one.open; });
    panel.dataset.seen = event.lastEventId;
  });
  source.addEventListener("done", () => {
    source.close();
    location.reload();
  });
  source.addEventListener("error", () => lost(true));
  source.addEventListener("open", () => lost(false));
  addEventListener("pagehide", () => source.close());
}
