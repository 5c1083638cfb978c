// A door that asks for a client certificate, on Node's own https module.
//
// The same door as door_program.py makes with Python's libraries, and called with the same options:
// certificates are checked against a revocation list in a full handshake, SIGHUP makes it take the
// new list, and the secure context that then replaces the old one keeps the ticket keys, as a server
// has to whose clients shall resume across a reload (tls.Server, "ticketKeys").
//
// Writes its port into the file "port" once it listens, and its version into "version".
'use strict';

const crypto = require('node:crypto');
const fs = require('node:fs');
const https = require('node:https');
const { parseArgs } = require('node:util');

const PROTECTED = '/api';
const text = { type: 'string' };
const { values: options } = parseArgs({
  options: {
    certificate: text,
    key: text,
    authority: text,
    revoked: text,
    serials: text,
    tls: text,
    resumption: text,
    rechecks: { type: 'boolean', default: false },
    port: { ...text, default: '0' },
    'ticket-keys': text,
  },
});
if (options.resumption !== 'tickets') throw new Error('Node keeps sessions in tickets alone');
const version = `TLSv${options.tls}`;
const keyFile = options['ticket-keys'];
const ticketKeys = keyFile ? fs.readFileSync(keyFile) : crypto.randomBytes(48);
let revoked = new Set();

function secureContext() {
  return {
    cert: fs.readFileSync(options.certificate),
    key: fs.readFileSync(options.key),
    ca: fs.readFileSync(options.authority),
    crl: fs.readFileSync(options.revoked),
    minVersion: version,
    maxVersion: version,
    ticketKeys,
  };
}

function takeList() {
  server.setSecureContext(secureContext());
  const serials = fs.readFileSync(options.serials, 'utf8').split(/\s+/).filter(Boolean);
  revoked = new Set(serials.map((serial) => BigInt(`0x${serial}`)));
}

function answer(request, response) {
  const serial = BigInt(`0x${request.socket.getPeerCertificate().serialNumber || 0}`);
  const refused = request.url === PROTECTED && options.rechecks && revoked.has(serial);
  const body = `serial=${serial.toString(16).toUpperCase()}`;
  response.writeHead(refused ? 403 : 200, { 'Content-Length': body.length, Connection: 'close' });
  response.end(body);
}

const server = https.createServer(
  { ...secureContext(), requestCert: true, rejectUnauthorized: true },
  answer,
);
server.on('tlsClientError', (refused) => process.stderr.write(`${refused.message}\n`));
takeList();
process.on('SIGHUP', takeList);
server.listen(Number(options.port), '127.0.0.1', () => {
  fs.writeFileSync('version', `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`);
  fs.writeFileSync('port.new', String(server.address().port));
  fs.renameSync('port.new', 'port');
});
