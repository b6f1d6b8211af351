// PouchDB replicating documents from its own server: from nothing, after changes, and with nothing to do.
//
// `node run.mjs FILE CHANGED`: FILE holds one JSON document a line. Server and laptop are two processes, each on its
// own LevelDB; the server is PouchDB's own. Prints the seconds of each as JSON.

import { fork } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import express from "express";
import expressPouchDB from "express-pouchdb";
import PouchDB from "pouchdb-node";

const BATCH = 1_000;
const [, , file, changed] = process.argv;

if (process.send) {
  serve(file);
} else {
  await laptop(file, Number(changed));
}

/** Fills a database from the file, serves it, and changes documents when asked to. */
async function serve(path) {
  const folder = mkdtempSync(join(tmpdir(), "bench-pouchdb-server-"));
  const Local = PouchDB.defaults({ prefix: `${folder}/` });
  const db = new Local("records");
  let docs = [];
  for await (const line of createInterface({ input: createReadStream(path) })) {
    docs.push(JSON.parse(line));
    if (docs.length === BATCH) {
      await db.bulkDocs(docs);
      docs = [];
    }
  }
  await db.bulkDocs(docs);
  const app = express();
  app.use("/", expressPouchDB(Local, { mode: "minimumForPouchDB", inMemoryConfig: true, logPath: join(folder, "log.txt") }));
  const listener = app.listen(0, "127.0.0.1", () => process.send({ port: listener.address().port }));
  process.on("message", async (count) => {
    const { rows } = await db.allDocs({ include_docs: true, limit: count });
    await db.bulkDocs(rows.map(({ doc }) => ({ ...doc, changed: true })));
    process.send({ changed: rows.length });
  });
  process.on("disconnect", () => {
    rmSync(folder, { recursive: true, force: true });
    process.exit();
  });
}

async function laptop(path, count) {
  const server = fork(new URL(import.meta.url), [path]);
  const said = () => new Promise((resolve) => server.once("message", resolve));
  const { port } = await said();
  const folder = mkdtempSync(join(tmpdir(), "bench-pouchdb-laptop-"));
  const db = new PouchDB(join(folder, "records"));
  const pull = async () => {
    const began = performance.now();
    const { docs_written: written } = await db.replicate.from(`http://127.0.0.1:${port}/records`, { batch_size: BATCH });
    return { written, seconds: (performance.now() - began) / 1_000 };
  };
  const first = await pull();
  server.send(count);
  await said();
  const incremental = await pull();
  const nothing = await pull();
  const { version } = PouchDB;
  console.log(JSON.stringify({ version, first, incremental, nothing }));
  await db.close();
  rmSync(folder, { recursive: true, force: true });
  server.disconnect();
}
