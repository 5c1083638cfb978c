// An answer in several writes, with a halt after each one, for AWS's runtime client for Node.
//
// Says the same as story.py, whose head explains the parameters.

import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const WORD_BYTES = 8;

export const streamed = awslambda.streamifyResponse(async (event, response) => {
  const parameters = event.queryStringParameters;
  const halt = await halting(parameters);
  let written = 0;
  for (const size of parameters.sizes.split(",").map(Number)) {
    response.write(text(written, written + size));
    written += size;
    await halt(written);
  }
  response.end();
});

function text(begin, end) {
  let words = "";
  for (let number = begin / WORD_BYTES; number < end / WORD_BYTES; number++) {
    words += `${String(number).padStart(7, "0")} `;
  }
  return words;
}

async function halting(parameters) {
  if (parameters.gate === undefined) {
    return () => sleep(Number(parameters.pause_ms ?? 0));
  }
  const gate = connect({ host: "127.0.0.1", port: Number(parameters.gate), noDelay: true });
  await once(gate, "connect");
  return async (written) => {
    gate.write(`${written}\n`);
    await once(gate, "data"); // an error or the end of the gate fails the invocation
  };
}
