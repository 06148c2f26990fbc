/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element in a pipeline that a user could type.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { PATIENCE, RECORDING } from './support.mjs';

/* A recorded voice, for any rate. */
export const VOICE =
  `filesrc location=${RECORDING} ! wavparse ! audioconvert ! audioresample`;

/* Runs VOICE ! realtime2 PROPERTIES with its text pad on stdout. Returns the
 * JSON objects that came out of the pad. */
export async function runPipeline (uri, properties, input = VOICE) {
  const line = `-q ${input} ! realtime2 name=ai uri=${uri} ${properties} ` +
    'ai.src ! fakesink ai.text_src_0 ! application/x-json ! fdsink';
  const options = {
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
    env: { ...process.env, OPENAI_API_KEY: 'sk-none', OPENAI_BASE_URL: '' },
  };
  const { error, stdout, stderr } = await new Promise((resolve) =>
    execFile('gst-launch-1.0', line.split(/\s+/), options,
      (...[failure, out, complaints]) =>
        resolve({ error: failure, stdout: out, stderr: complaints })));
  assert.equal(error, null, `gst-launch-1.0 ${line}\n${stderr}`);
  assert.equal(stderr, '');
  return stdout.split('\n').filter(Boolean).map((text) => JSON.parse(text));
}
