// A program for WASI 0.2 in JavaScript, made a component by componentize-js or componentize-qjs: what app.py does,
// less what takes a library or HTTP.
import { getArguments } from "wasi:cli/environment@0.2.12";
import { getStdin } from "wasi:cli/stdin@0.2.12";
import { getStdout } from "wasi:cli/stdout@0.2.12";
import { now, subscribeDuration } from "wasi:clocks/monotonic-clock@0.2.12";
import { getDirectories } from "wasi:filesystem/preopens@0.2.12";
import { poll } from "wasi:io/poll@0.2.12";
import { instanceNetwork } from "wasi:sockets/instance-network@0.2.12";
import { createTcpSocket } from "wasi:sockets/tcp-create-socket@0.2.12";
import { createUdpSocket } from "wasi:sockets/udp-create-socket@0.2.12";

const PATTERN = Uint8Array.from({ length: 256 * 1200 }, (_, at) => at % 256);
const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

let u64; // componentize-js wants a BigInt, componentize-qjs a number
// componentize-js has no class for a resource without functions, but takes it for there when instanceNetwork makes an object of one: its issue 221.
// What it looks up is a global variable of its own realm, which we reach by that function; so it finds this.
const itsObject = Object.getPrototypeOf(Object.getPrototypeOf(instanceNetwork));
Object.defineProperty(itsObject, "import_network_0_2_12$Network", { value: class Network {} });

class Sum {
  size = 0;
  crc = 0xffffffff;
  add(data) {
    let crc = this.crc;
    for (let at = 0; at < data.length; at++) crc = TABLE[(crc ^ data[at]) & 255] ^ (crc >>> 8);
    this.crc = crc;
    this.size += data.length;
    return this;
  }
  toString() { return `${this.size} ${((this.crc ^ 0xffffffff) >>> 0).toString(16).padStart(8, "0")}`; }
}

const said = (data) => String(new Sum().add(data));
const print = (...words) => send(getStdout(), Uint8Array.from(words.join(" ") + "\n", (letter) => letter.charCodeAt(0)));
const drop = (thing) => thing[Symbol.dispose || Symbol.for("dispose")]?.();

function send(stream, data) {
  for (let at = 0; at < data.length; at += 4096) stream.blockingWriteAndFlush(data.subarray(at, at + 4096));
}

function* pieces(stream) {
  for (;;) {
    let data;
    try {
      data = stream.blockingRead(u64(65536));
    } catch (error) {
      if ((error.payload ?? error).tag !== "closed") throw error;
      return;
    }
    yield data;
  }
}

function wait(thing) {
  const pollable = thing.subscribe();
  pollable.block();
  drop(pollable);
}

function digest() {
  const sum = new Sum();
  for (const data of pieces(getStdin())) sum.add(data);
  print(sum);
}

function sums(root) {
  const [folder, name] = getDirectories().find(([, name]) => root.startsWith(name));
  const walk = (path) => {
    const opened = folder.openAt({}, path.slice(name.length + 1) || ".", { directory: true }, { read: true });
    const entries = [];
    const listing = opened.readDirectory();
    for (let entry; (entry = listing.readDirectoryEntry()); ) entries.push(entry);
    drop(listing);
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries.filter((entry) => entry.type === "regular-file")) {
      const file = opened.openAt({}, entry.name, {}, { read: true });
      const sum = new Sum();
      for (let over = false; !over; ) {
        let data;
        [data, over] = file.read(u64(65536), u64(sum.size));
        sum.add(data);
      }
      drop(file);
      print(`${path}/${entry.name}`, sum);
    }
    drop(opened);
    for (const entry of entries.filter((entry) => entry.type === "directory")) walk(`${path}/${entry.name}`);
  };
  walk(root);
}

function timers() {
  const start = Number(now());
  const waits = [90, 30, 60, 30].map((ms) => [ms, subscribeDuration(u64(ms * 1000000))]);
  const order = [];
  while (waits.length) {
    const ready = [...poll(waits.map(([, pollable]) => pollable))].reverse().flatMap((index) => waits.splice(index, 1));
    for (const [ms, pollable] of ready.sort((a, b) => a[0] - b[0])) { // of those that are ready at once
      if (!pollable.ready() || Number(now()) - start < ms * 1000000) throw new Error("too early");
      order.push(ms);
    }
  }
  print(`[${order.join(", ")}]`, Number(now()) - start < 5000000000 ? "True" : "False");
}

const address = (port) => ({ tag: "ipv4", val: { port: Number(port), address: [127, 0, 0, 1] } });

function bound(socket, port) {
  socket.startBind(instanceNetwork(), address(port));
  socket.finishBind();
  return socket;
}

function tcpServer(port, connections) {
  const socket = bound(createTcpSocket("ipv4"), port);
  let total = 0;
  socket.startListen();
  socket.finishListen();
  for (let number = 0; number < Number(connections); number++) {
    wait(socket);
    const [peer, received, sent] = socket.accept();
    for (const data of pieces(received)) {
      send(sent, data);
      total += data.length;
    }
    [received, sent, peer].forEach(drop);
  }
  print(connections, total);
}

function tcpClient(port) {
  const socket = createTcpSocket("ipv4");
  socket.startConnect(instanceNetwork(), address(port));
  wait(socket);
  const [received, sent] = socket.finishConnect();
  const sum = new Sum();
  for (let at = 0; at < PATTERN.length; at += 4096) {
    send(sent, PATTERN.subarray(at, at + 4096));
    while (sum.size < Math.min(at + 4096, PATTERN.length)) sum.add(received.blockingRead(u64(65536)));
  }
  socket.shutdown("send");
  const rest = [...pieces(received)].length;
  print(sum, String(sum) === said(PATTERN) ? "True" : "False", rest ? "more" : "[]");
}

function udpServer(port) {
  const [received, sent] = bound(createUdpSocket("ipv4"), port).stream(undefined);
  const sizes = new Set();
  while (!sizes.has(1)) {
    let got;
    while (!(got = received.receive(u64(1))).length) wait(received);
    while (!sent.checkSend()) wait(sent);
    sent.send([{ data: got[0].data, remoteAddress: got[0].remoteAddress }]);
    sizes.add(got[0].data.length);
  }
  print(sizes.size, [...sizes].reduce((a, b) => a + b));
}

function udpClient(port) {
  const [received, sent] = bound(createUdpSocket("ipv4"), 0).stream(address(port));
  for (const size of [...Array.from({ length: 20 }, (_, n) => n * 50), 1]) {
    const data = PATTERN.subarray(0, size);
    let got = [];
    while (!got.length) {
      while (!sent.checkSend()) wait(sent);
      sent.send([{ data, remoteAddress: undefined }]);
      poll([received.subscribe(), subscribeDuration(u64(2000000000))]);
      got = received.receive(u64(10)).filter((each) => each.data.length === size);
    }
    if (said(got[0].data) !== said(data)) throw new Error("something else came back");
  }
  print("answered");
}

const TASKS = { digest, sums, timers, "tcp-server": tcpServer, "tcp-client": tcpClient, "udp-server": udpServer, "udp-client": udpClient };

export const run = {
  run() {
    u64 = typeof now() === "bigint" ? BigInt : Number;
    const [, what, ...rest] = getArguments();
    TASKS[what](...rest);
  },
};
