/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element talks with a server that this project did not write:
 * @copilotkit/aimock, which knows text and no sound.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { runPipeline } from './pipeline.mjs';

/* Its other build imports a function that node 18 has not, and never calls. */
const { LLMock } = createRequire(import.meta.url)('@copilotkit/aimock');

async function startMock (t, match, response) {
  const mock = new LLMock({ port: 0 });
  mock.on(match, response);
  await mock.start();
  t.after(() => mock.stop());
  return { mock, uri: `${mock.url}/v1/realtime` };
}

function wordsOf (objects) {
  return objects.map(({ text }) => text).join(' ');
}

test('aimock: a written answer', async (t) => {
  const { mock, uri } = await startMock(t, { endpoint: 'realtime' },
    { content: 'Hello there. I am a mock.' });
  const said = await runPipeline(uri,
    'turn-detection=none output-modality=text instructions=Greet');
  assert.equal(wordsOf(said), 'Hello there. I am a mock.');
  assert.deepEqual(said.map(({ kind, role, phase }) => [kind, role, phase]),
    said.map(() => ['text', 'assistant', 'final_answer']));
  assert.deepEqual(said.map(({ final }) => final),
    said.map((_, i) => i === said.length - 1));
  /* What the properties say got there. */
  const [{ body }] = mock.getRequests();
  assert.equal(body.model, 'gpt-realtime-2');
  assert.deepEqual(body.messages[0], { role: 'system', content: 'Greet' });
});

test('aimock: a refused answer is no end of the pipeline', async (t) => {
  const { uri } = await startMock(t, { endpoint: 'realtime' },
    { error: { message: 'No.', type: 'server_error' }, status: 500 });
  const said = await runPipeline(uri,
    'turn-detection=none output-modality=text');
  assert.deepEqual(said, []);
});

test('aimock: a transcription', async (t) => {
  const { uri } = await startMock(t, { endpoint: 'realtime-transcription' },
    { transcription: { text: 'Front center.' } });
  const said = await runPipeline(uri, 'model=gpt-live-transcribe ' +
    'turn-detection=none text_src_0::roles=user');
  assert.equal(wordsOf(said), 'Front center.');
  assert.deepEqual(said.map(({ kind, role }) => [kind, role]),
    said.map(() => ['transcript', 'user']));
});
