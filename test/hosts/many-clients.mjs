// Clients in a process of their own: many idle connections and some active ones.
// Usage: node many-clients.mjs <port> <idle> <active> <requests per active client>
import { connect } from "node:net";

const [port, idle, active, requests] = process.argv.slice(2).map(Number);
/** Connections being made at one time: the server's backlog has an end. */
const AT_ONCE = 100;

function open() {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket));
    socket.setNoDelay(true);
    socket.once("error", reject);
  });
}

async function openMany(count) {
  const sockets = [];
  while (sockets.length < count) {
    const batch = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, open))));
  }
  return sockets;
}

/** Sends numbered ECHO commands one by one and checks each reply. */
function work(socket, name) {
  return new Promise((resolve, reject) => {
    let sent = 0;
    let text = "";
    let expected = "";
    const next = () => {
      if (sent === requests) return resolve();
      const word = `${name}:${sent++}`;
      expected = `$${word.length}\r\n${word}\r\n`;
      socket.write(`*2\r\n$4\r\nECHO\r\n${expected}`);
    };
    socket.on("data", (chunk) => {
      text += chunk;
      if (text.length < expected.length) return;
      if (text !== expected) return reject(new Error(`${text} is not ${expected}`));
      text = "";
      next();
    });
    socket.on("close", () => reject(new Error("closed")));
    next();
  });
}

const idleSockets = await openMany(idle);
const activeSockets = await openMany(active);
await Promise.all(activeSockets.map((socket, i) => work(socket, `client ${i}`)));
// The idle ones are still served.
await Promise.all(
  idleSockets.map((socket, i) => {
    socket.setMaxListeners(20);
    return i % 100 === 0 ? work(socket, `idle ${i}`) : undefined;
  }),
);
console.log(`served ${idle} idle and ${active} active`);
process.exit(0);
