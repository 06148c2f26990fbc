/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the conversations share: a sandbox of their own, whose words are
 * judged when it ends, a recorded voice, and waiting for events.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { createJudge } from './judge.mjs';
import { judgeLog, Report } from './validate.mjs';

/* Of one wait; only a fault lasts that long. */
export const PATIENCE = 20000;
export const RATE = 24000;
/* Two words, of the Debian package alsa-utils. */
export const RECORDING = '/usr/share/sounds/alsa/Front_Center.wav';

export function makeDirectory (t) {
  const directory = mkdtempSync(join(tmpdir(), 'realtime2-interop-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/* All that is in a directory of wire logs, as [name, text]. */
export function readLogs (directory) {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jsonl'))
    .map((name) => [name, readFileSync(join(directory, name), 'utf8')]);
}

class Sandbox {
  constructor (child, directory) {
    this.child = child;
    this.directory = directory;
    this.exit = once(child, 'exit');
    this.complaints = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => { this.complaints += text; });
  }

  /* The first line names the address, a second one the certificate. */
  async listen (tls) {
    const lines = createInterface({ input: this.child.stdout });
    for await (const line of lines) {
      const [word, ...rest] = line.split(' ');
      if (word === 'listening')
        this.uri = rest[1];
      else
        this.certificate = readFileSync(rest[0], 'utf8');
      if (!tls || this.certificate)
        break;
    }
    assert.ok(this.uri,
      `realtime2-sandbox did not start: ${this.complaints}`);
    this.port = new URL(this.uri).port;
  }

  /* What it got from its clients, of one type. */
  received (type) {
    return readLogs(this.directory)
      .flatMap(([, text]) => text.split('\n').filter(Boolean))
      .map((line) => JSON.parse(line))
      .filter(({ dir, event }) => dir === 'client' && event.type === type)
      .map(({ event }) => event);
  }

  /* Ends it and judges all that it said. */
  async finish () {
    this.child.kill('SIGTERM');
    assert.deepEqual(await this.exit, [0, null], this.complaints);
    assert.equal(this.complaints, '');
    const judge = await createJudge();
    const report = new Report();
    for (const [name, text] of readLogs(this.directory))
      judgeLog(judge, report, name, text, 'server');
    assert.ok(report.judged.server > 0, 'nothing was logged');
    assert.deepEqual([...report.violations.keys()], []);
  }
}

/* Ends with the test `t` if that has not called finish (). */
export async function startSandbox (
  t, { turns, mcp, tls = false, args = [] } = {}) {
  const program = process.env.RT2_SANDBOX;
  assert.ok(program, 'RT2_SANDBOX must be the path of realtime2-sandbox');
  const directory = makeDirectory(t);
  const options = [...args];
  if (turns) {
    const script = join(directory, 'script.json');
    writeFileSync(script, JSON.stringify({ turns, mcp }));
    options.push('--script', script);
  }
  if (tls)
    options.push('--tls');
  const child = spawn(program, options, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, RT2_WIRE_LOG: directory },
  });
  t.after(() => child.kill('SIGKILL'));
  const sandbox = new Sandbox(child, directory);
  await sandbox.listen(tls);
  return sandbox;
}

/* A recorded voice: 48 kHz mono in a plain WAV file, two samples to one. */
export function readVoice () {
  const file = readFileSync(RECORDING);
  assert.equal(file.readUInt32LE(24), 2 * RATE,
    `${RECORDING} is not as expected`);
  const start = file.indexOf('data') + 8;
  const samples = new Int16Array((file.length - start) >> 2);
  for (let i = 0; i < samples.length; i++)
    samples[i] = (file.readInt16LE(start + 4 * i) +
      file.readInt16LE(start + 4 * i + 2)) / 2;
  return samples;
}

/* The voice and a second of silence, in pieces of 100 ms. */
export function voicePieces () {
  const voice = readVoice();
  const all = new Int16Array(voice.length + RATE);
  all.set(voice);
  const pieces = [];
  for (let i = 0; i < all.length; i += RATE / 10)
    pieces.push(all.slice(i, i + RATE / 10));
  return pieces;
}

export function toBase64 (samples) {
  return Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
    .toString('base64');
}

export function decodedLength (base64) {
  return Buffer.from(base64, 'base64').length;
}

/* Rejects when `promise` takes longer than any healthy one. */
export async function inTime (promise, what) {
  const late = new AbortController();
  const timeout = sleep(PATIENCE, undefined, { signal: late.signal })
    .then(() => { throw new Error(`${what} did not come in time`); });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
    timeout.catch(() => {});
  }
}

/* All events of a connection in order, and waiting for one that was not yet
 * waited for. `put` takes them as they come. */
export class Events {
  all = [];
  taken = 0;
  #wake = () => {};

  put = (event) => {
    this.all.push(event);
    this.#wake();
  };

  /* Looks again whenever an event came, until `search` finds something. */
  async #until (what, search) {
    const look = async () => {
      for (;;) {
        const found = search();
        if (found !== undefined)
          return found;
        await new Promise((resolve) => { this.#wake = resolve; });
      }
    };
    return inTime(look(), what);
  }

  /* The next event of that type that passes the test; those before it are
   * passed over. */
  next (type, test = () => true) {
    return this.#until(type, () => {
      while (this.taken < this.all.length) {
        const event = this.all[this.taken++];
        if (event.type === type && test(event))
          return event;
      }
      return undefined;
    });
  }

  /* The first event of that type, wherever it is: for what comes when it
   * likes. */
  first (type) {
    return this.#until(type, () => this.of(type)[0]);
  }

  of (type) {
    return this.all.filter((event) => event.type === type);
  }
}

/* The two words of the voice are one turn. */
export const PATIENT_VAD = { type: 'server_vad', silence_duration_ms: 600 };

/* The smallest of pictures: one transparent pixel. */
export const PICTURE = 'data:image/png;base64,' +
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA' +
  '60e6kgAAAABJRU5ErkJggg==';

/* One tool, as the service takes it. */
export const TOOL = {
  type: 'function',
  name: 'get_temperature',
  description: 'Current temperature of a city',
  parameters: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
};

/* A server with tools, as the sandbox plays it. */
export const SERVERS = {
  docs: {
    tools: [{
      name: 'search',
      description: 'Search pages',
      input_schema: { type: 'object', properties: { q: { type: 'string' } } },
    }],
    list_after_ms: 100,
    results: { search: '3 hits' },
  },
};

/* What the sandbox hears and says in each of the conversations. */
export const SCRIPTS = {
  voice: [{
    hear: 'Front center.',
    say: [
      { phase: 'commentary', text: 'Let me think.' },
      { phase: 'final_answer', text: 'That is the middle.' },
    ],
  }],
  text: [{ say: [{ phase: 'final_answer', text: 'Four.' }] }],
  tool: [
    { say: [{ call: { name: TOOL.name, arguments: { city: 'Paris' } } }] },
    { say: [{ phase: 'final_answer', text: 'It is 21 degrees.' }] },
  ],
  tools: [
    {
      say: ['Paris', 'Rome'].map((city) =>
        ({ call: { name: TOOL.name, arguments: { city } } })),
    },
    {
      expect_outputs: ['{"celsius":21}', '{"celsius":30}'],
      say: [{ phase: 'final_answer', text: 'Rome is warmer.' }],
    },
  ],
  server: [{
    say: [
      { mcp_call: { label: 'docs', name: 'search', arguments: { q: 'x' } } },
      { phase: 'final_answer', text: 'There are three.' },
    ],
  }],
  image: [{ say: [{ phase: 'final_answer', text: 'One pixel.' }] }],
  bargeIn: [
    { say: [{ phase: 'final_answer', text: 'La.', tone_ms: 20000 }] },
    { hear: 'Front center.', say: [{ text: 'I stopped.' }] },
  ],
};
