// Subscribers in a process of their own, and one publisher.
// Usage: node many-subscribers.mjs <port> <subscribers> <messages>
import { spawnSync } from "node:child_process";
import { connect } from "node:net";

const [port, wanted, messages] = process.argv.slice(2).map(Number);
const AT_ONCE = 100;
const RESERVED = 100;

function descriptorLimit() {
  if (process.platform === "win32") return Number.POSITIVE_INFINITY;
  const limit = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" }).stdout.trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

const expected =
  "*3\r\n$9\r\nsubscribe\r\n$4\r\nroom\r\n:1\r\n" +
  Array.from(
    { length: messages },
    (_, i) => `*3\r\n$7\r\nmessage\r\n$4\r\nroom\r\n$1\r\n${i}\r\n`,
  ).join("");
const waiting = [];

/** Resolves when subscribed; `waiting` gets a promise of having heard everything. */
function subscribe() {
  return new Promise((resolve, reject) => {
    let text = "";
    const heard = new Promise((done, fail) => {
      const socket = connect(port, "127.0.0.1", () => socket.write("SUBSCRIBE room\r\n"));
      socket.on("error", reject);
      socket.on("data", (chunk) => {
        text += chunk;
        resolve();
        if (text === expected) done();
        else if (!expected.startsWith(text)) fail(new Error(`unexpected: ${text}`));
      });
    });
    waiting.push(heard);
  });
}

const count = Math.min(wanted, descriptorLimit() - RESERVED);
for (let open = 0; open < count; open += AT_ONCE) {
  const batch = Math.min(AT_ONCE, count - open);
  await Promise.all(Array.from({ length: batch }, subscribe));
}
const publisher = connect(port, "127.0.0.1");
let answers = "";
publisher.on("data", (chunk) => {
  answers += chunk;
});
for (let i = 0; i < messages; i++) publisher.write(`PUBLISH room ${i}\r\n`);
await Promise.all(waiting);
if (answers !== `:${count}\r\n`.repeat(messages)) throw new Error(`answers: ${answers}`);
console.log(`${count} subscribers heard ${messages} messages each`);
process.exit(0);
