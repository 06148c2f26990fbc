/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element in a pipeline that a user could type.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory, PATIENCE, RECORDING } from './support.mjs';

/* A recorded voice, for any rate. */
export const VOICE =
  `filesrc location=${RECORDING} ! wavparse ! audioconvert ! audioresample`;

/* Runs gst-launch-1.0 to its end; what it printed. */
async function launch (line) {
  const options = {
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 24,
    env: { ...process.env, OPENAI_API_KEY: 'sk-none', OPENAI_BASE_URL: '' },
  };
  const { error, stdout, stderr } = await new Promise((resolve) =>
    execFile('gst-launch-1.0', line.split(/\s+/), options,
      (...[failure, out, complaints]) =>
        resolve({ error: failure, stdout: out, stderr: complaints })));
  assert.equal(error, null, `gst-launch-1.0 ${line}\n${stderr}`);
  return { stdout, stderr };
}

function parseLines (text) {
  return text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
}

/* `text` is where the JSON of the text pad goes. */
function makeLine (uri, properties, input, text) {
  return `${input} ! realtime2 name=ai uri=${uri} ${properties} ` +
    `ai.src ! fakesink ai.text_src_0 ! application/x-json ! ${text}`;
}

/* Runs VOICE ! realtime2 PROPERTIES with its text pad on stdout. Returns the
 * JSON objects that came out of the pad. */
export async function runPipeline (uri, properties, input = VOICE) {
  const line = makeLine(uri, properties, input, 'fdsink');
  const { stdout, stderr } = await launch(`-q ${line}`);
  assert.equal(stderr, '');
  return parseLines(stdout);
}

const MESSAGE = new RegExp('^Got message #\\d+ from element "ai" ' +
  '\\(element\\): realtime2/([\\w-]+)(.*);$', 'gm');

/* The element's messages that `gst-launch-1.0 -m` printed: [{ type, fields }],
 * the fields as text. */
function parseMessages (stdout) {
  return [...stdout.matchAll(MESSAGE)].map(([, type, rest]) => ({
    type,
    fields: Object.fromEntries(
      [...rest.matchAll(/, ([\w-]+)=\(\w+\)(?:"((?:[^"\\]|\\.)*)"|([^,]*))/g)]
        .map(([, key, quoted, plain]) =>
          [key, (quoted ?? plain).replace(/\\(.)/g, '$1')])),
  }));
}

/* The same, and the messages of the element: { said, messages }. */
export async function runTalk (t, uri, properties, input = VOICE) {
  const file = join(makeDirectory(t), 'said.jsonl');
  const line = makeLine(uri, properties, input, `filesink location=${file}`);
  const { stdout } = await launch(`-m ${line}`);
  return {
    said: parseLines(readFileSync(file, 'utf8')),
    messages: parseMessages(stdout),
  };
}
