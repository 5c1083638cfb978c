// A panel that the server sends anew after every event of a run. The browser reconnects by itself and
// says which event it saw last; when there will be no more, the page is fetched with its verdict.

export function listen(panel) {
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
  source.addEventListener("error", () => {
    panel.querySelector(".status")?.setAttribute("data-lost", "");
  });
  addEventListener("pagehide", () => source.close());
}
