/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * validate.mjs [--client | --server] FILE...
 *
 * Judges a wire log: JSON lines {"dir", "event"}, and optionally "session"
 * ("realtime", "transcription", "translation") and "connection". Without
 * "session" it is what the server's session.created said. What a test made up
 * as a server ("scripted") is neither judged nor believed: there the client's
 * first session.update tells. Exit status: 0 no violations, 1 some, 2 nothing
 * was judged.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createJudge } from './judge.mjs';

const SESSIONS = ['realtime', 'transcription', 'translation'];

/* Counts, and each kind of violation once with its number and first place. */
export class Report {
  judged = { client: 0, server: 0 };
  types = { client: new Map(), server: new Map() };
  violations = new Map();

  add (place, direction, type, texts) {
    this.judged[direction]++;
    const types = this.types[direction];
    types.set(type, (types.get(type) ?? 0) + 1);
    for (const text of texts) {
      const key = `${direction} ${type}: ${text}`;
      const known = this.violations.get(key) ?? { count: 0, place };
      known.count++;
      this.violations.set(key, known);
    }
  }

  get total () {
    return [...this.violations.values()].reduce((n, v) => n + v.count, 0);
  }

  print (write) {
    for (const [text, { count, place }] of this.violations)
      write(`${text} (${count} times, first in ${place})\n`);
    for (const direction of ['client', 'server'])
      write(`${direction}: ${this.judged[direction]} events of ` +
        `${this.types[direction].size} types\n`);
    write(`${this.total} violations\n`);
  }
}

function parseLine (line) {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/* Remembers what sort of session each connection has. Only an update of a
 * translation has no type; of another it would lack the type and have fields
 * that no translation has. */
function noteSession (sessions, { connection, dir, event }) {
  if (event?.type === 'session.created' && dir !== 'client')
    sessions.set(connection,
      dir === 'server' ? event.session?.type : 'unknown');
  else if (event?.type === 'session.update' && dir === 'client' &&
      sessions.get(connection) === 'unknown')
    sessions.set(connection, event.session?.type ?? 'translation');
}

/* Judges one file's text; `only` leaves out the other direction. */
export function judgeLog (judge, report, name, text, only) {
  const sessions = new Map();
  text.split('\n').forEach((line, index) => {
    if (line === '')
      return;
    const place = `${name}:${index + 1}`;
    const entry = parseLine(line) ??
      { dir: line.match(/"dir":"(\w+)"/)?.[1] ?? 'client' };
    const { connection, dir, event } = entry;
    noteSession(sessions, entry);
    if (!['client', 'server'].includes(dir) || (only && dir !== only))
      return;
    if (event === null || typeof event !== 'object') {
      report.add(place, dir, '(not an event)', ['is no JSON object']);
      return;
    }
    const said = entry.session ?? sessions.get(connection);
    const session = SESSIONS.includes(said) ? said : 'realtime';
    report.add(place, dir, event.type, judge(session, dir, event));
  });
}

async function main () {
  const names = process.argv.slice(2);
  const only = ['--client', '--server'].includes(names[0])
    ? names.shift().slice(2) : undefined;
  const report = new Report();
  const judge = await createJudge();
  for (const name of names)
    judgeLog(judge, report, name, readFileSync(name, 'utf8'), only);
  report.print((text) => process.stdout.write(text));
  if (report.judged.client + report.judged.server === 0)
    return 2;
  return report.total > 0 ? 1 : 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.exitCode = await main();
