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

/* For as long as it is wanted. */
const SILENCE = 'audiotestsrc is-live=true wave=silence samplesperbuffer=480 ' +
  '! audio/x-raw,format=S16LE,rate=24000,channels=1';

/* Runs a program to its end; what it printed. */
async function launch (program, words) {
  const options = {
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    maxBuffer: 2 ** 24,
    env: { ...process.env, OPENAI_API_KEY: 'sk-none', OPENAI_BASE_URL: '' },
  };
  const { error, stdout, stderr } = await new Promise((resolve) =>
    execFile(program, words, options,
      (...[failure, out, complaints]) =>
        resolve({ error: failure, stdout: out, stderr: complaints })));
  assert.equal(error, null,
    `${program} ${words.join(' ')}\n${stdout}${stderr}`);
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
  const { stdout, stderr } = await launch('gst-launch-1.0',
    ['-q', ...line.split(/\s+/)]);
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
  const { stdout } = await launch('gst-launch-1.0',
    ['-m', ...line.split(/\s+/)]);
  return {
    said: parseLines(readFileSync(file, 'utf8')),
    messages: parseMessages(stdout),
  };
}

/* A conversation in writing: each of the turns is sent when the one before is
 * answered; calls of functions are answered with `answer`, if there is one. */
export async function runTurns (t, uri, turns,
  { properties = '', answer = '' } = {}) {
  const file = join(makeDirectory(t), 'said.jsonl');
  const line = makeLine(uri, `${properties} output-modality=text`, SILENCE,
    `filesink location=${file}`);
  const { stdout } = await launch(
    join(process.env.RT2_BUILD, 'tests', 'interop', 'interop-talk'),
    [line, answer, ...turns]);
  return {
    said: parseLines(readFileSync(file, 'utf8')),
    messages: parseMessages(stdout),
  };
}
