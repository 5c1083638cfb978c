// Stands in for the compiled part of AWS's runtime client for Node, so that no compiler is needed.
//
// The client itself asks for events (its own "alternative" poller) and streams answers in
// JavaScript; only the answers and errors of buffered handlers go through the compiled part, which
// does no more than two POST requests. Loaded with `node --require`.
"use strict";

const http = require("node:http");
const Module = require("node:module");

const [hostname, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");

function post(path, body, headers) {
  const data = Buffer.from(body);
  const request = http.request({
    hostname,
    port,
    path: `/2018-06-01/runtime/invocation/${path}`,
    method: "POST",
    headers: { "Content-Type": "application/json", "Content-Length": data.length, ...headers },
  });
  request.on("response", (response) => response.resume());
  request.on("error", (problem) => {
    console.error(problem);
    process.exit(1);
  });
  request.end(data);
}

const client = {
  initializeClient() {},
  done: (id, body) => post(`${id}/response`, body, {}),
  error: (id, body) =>
    post(`${id}/error`, body, { "Lambda-Runtime-Function-Error-Type": "Unhandled" }),
};

const load = Module._load;
Module._load = function (request, ...rest) {
  return request === "./rapid-client.node" ? client : load.call(this, request, ...rest);
};
