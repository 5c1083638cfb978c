// The form of a talk, sent in the background: its answer comes as server-sent events, each with the
// turn as far as it is. Read with fetch, because a question is sent and not part of an address.

function ask(form) {
  const talk = document.querySelector("[data-talk]");
  const field = form.querySelector("[name=question]");
  const problem = form.querySelector("[data-problem]");
  const button = form.querySelector("button");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    const sent = new URLSearchParams(new FormData(form));
    const turn = document.createElement("article");
    turn.className = "turn";
    document.querySelector("[data-first]")?.remove();
    problem.hidden = true;
    button.disabled = true;
    talk.append(turn);
    try {
      for await (const [kind, data] of messages(form.dataset.ask, sent)) {
        if (kind === "problem") throw new Error(data);
        const begins = !turn.childElementCount;
        turn.innerHTML = data;
        if (begins) turn.scrollIntoView({ block: "start" });
      }
      if (!turn.querySelector("[name=turn]")) throw new Error("The connection was lost. Ask again.");
      if (field.value === sent.get("question")) field.value = "";
      field.placeholder = "Go on asking";
      for (const old of [...talk.querySelectorAll("[name=turn]")].slice(0, -form.dataset.most)) old.remove();
    } catch (error) {
      if (!turn.childElementCount) turn.remove();
      problem.textContent = error.message;
      problem.hidden = false;
    } finally {
      turn.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
      button.disabled = false;
      field.focus({ preventScroll: true });
    }
  });
}

// The messages of a stream as pairs of kind and data (HTML standard, section 9.2.6, of which no more
// is used here than what this site sends).
async function* messages(address, body) {
  const answer = await fetch(address, { method: "POST", body }).catch(() => {
    throw new Error("The site does not answer. Is it still running?");
  });
  if (!answer.ok) throw new Error(await words(answer));
  let text = "";
  for await (const piece of pieces(answer.body.pipeThrough(new TextDecoderStream()))) {
    text += piece;
    const whole = text.split("\n\n");
    text = whole.pop();
    for (const message of whole) yield parsed(message);
  }
}

// Streams are not iterable in every browser.
async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) return;
    yield value;
  }
}

function parsed(message) {
  const lines = message.split("\n");
  const values = (name) => lines.filter((line) => line.startsWith(`${name}: `)).map((line) => line.slice(name.length + 2));
  return [values("event")[0], values("data").join("\n")];
}

// What a page of an error says.
async function words(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("main p")?.textContent ?? `The site answered with ${answer.status}.`;
}

for (const form of document.querySelectorAll("[data-ask]")) {
  ask(form);
  if (document.getElementById("newest")) {
    // the answer came without script; the browser takes the focus away until it is at the fragment
    const next = () => form.querySelector("[name=question]").focus({ preventScroll: true });
    addEventListener("load", next, { once: true });
  }
}
