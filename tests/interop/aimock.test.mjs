/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element talks with a server that this project did not write:
 * @copilotkit/aimock, which knows text and no sound.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { runPipeline, runTalk } from './pipeline.mjs';
import { RECORDING, TOOL } from './support.mjs';

/* Its other build imports a function that node 18 has not, and never calls. */
const { LLMock } = createRequire(import.meta.url)('@copilotkit/aimock');

/* Answers by fixtures, pairs [match, response]; the first that fits. */
async function startMock (t, ...fixtures) {
  const mock = new LLMock({ port: 0 });
  for (const [match, response] of fixtures)
    mock.on(match, response);
  await mock.start();
  t.after(() => mock.stop());
  return { mock, uri: `${mock.url}/v1/realtime` };
}

/* A written answer to one turn, that of all the input. */
const WRITTEN = 'turn-detection=none output-modality=text';

function wordsOf (objects) {
  return objects.map(({ text }) => text).join(' ');
}

test('aimock: a written answer', async (t) => {
  const { mock, uri } = await startMock(t, [{ endpoint: 'realtime' },
    { content: 'Hello there. I am a mock.' }]);
  const said = await runPipeline(uri, `${WRITTEN} instructions=Greet`);
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
  const { uri } = await startMock(t, [{ endpoint: 'realtime' },
    { error: { message: 'No.', type: 'server_error' }, status: 500 }]);
  const said = await runPipeline(uri, WRITTEN);
  assert.deepEqual(said, []);
});

test('aimock: a transcription', async (t) => {
  const { uri } = await startMock(t, [{ endpoint: 'realtime-transcription' },
    { transcription: { text: 'Front center.' } }]);
  const said = await runPipeline(uri, 'model=gpt-live-transcribe ' +
    'turn-detection=none text_src_0::roles=user');
  assert.equal(wordsOf(said), 'Front center.');
  assert.deepEqual(said.map(({ kind, role }) => [kind, role]),
    said.map(() => ['transcript', 'user']));
});

/* -- phases ---------------------------------------------------------------- */

/* What an answer with a call in the middle is made of. The mock calls words
 * before or after a call commentary, on both events of an item. */
const CALLING = {
  content: '',
  toolCalls: [],
  blocks: [
    { type: 'text', text: 'Let me look. One moment.' },
    { type: 'toolCall', id: 'call_7', name: TOOL.name,
      arguments: '{"city":"Paris"}' },
    { type: 'text', text: 'I have asked.' },
  ],
};

/* The fields of the messages of one type. */
function ofType (messages, wanted) {
  return messages.filter(({ type }) => type === wanted)
    .map(({ fields }) => fields);
}

/* The texts of the pad, one for each item, with its phase. */
function itemsOf (said) {
  const items = new Map();
  for (const { 'item-id': id, phase, text } of said) {
    const item = items.get(id) ?? { phase, texts: [] };
    assert.equal(phase, item.phase, 'an item has one phase');
    item.texts.push(text);
    items.set(id, item);
  }
  return [...items.values()]
    .map(({ phase, texts }) => [phase, texts.join(' ')]);
}

test('aimock: phases, on the pad and on the bus', async (t) => {
  const { uri } = await startMock(t, [{ endpoint: 'realtime' }, CALLING]);
  const { said, messages } = await runTalk(t, uri, WRITTEN);
  const wanted = [['commentary', 'Let me look. One moment.'],
    ['commentary', 'I have asked.']];
  assert.deepEqual(itemsOf(said), wanted);
  assert.deepEqual(ofType(messages, 'transcript')
    .map(({ phase, text }) => [phase, text]), wanted);
  for (const name of ['item-started', 'item-done'])
    assert.deepEqual(ofType(messages, name)
      .filter(({ name: called }) => called === undefined)
      .map(({ phase }) => phase), ['commentary', 'commentary']);
  /* It was said in time: nothing had to be corrected. */
  assert.deepEqual(ofType(messages, 'phase-changed'), []);
  const [done] = ofType(messages, 'response-done');
  assert.equal(done.status, 'completed');
});

test('aimock: only the final answer', async (t) => {
  const { uri } = await startMock(t, [{ endpoint: 'realtime' }, CALLING]);
  const { said, messages } = await runTalk(t, uri,
    `${WRITTEN} text_src_0::phases=final-answer`);
  assert.deepEqual(said, []);
  assert.equal(ofType(messages, 'transcript').length, 2);
});

/* -- several turns, one session ------------------------------------------- */

const RATE = 'audio/x-raw,format=S16LE,rate=48000,channels=1';
/* 1.5 s, longer than the pause within the recording. */
const PAUSE = 'audiotestsrc wave=silence samplesperbuffer=480 ' +
  `num-buffers=150 ! ${RATE} ! c.`;
const SPEECH = `filesrc location=${RECORDING} ! wavparse ! ${RATE} ! c.`;

/* The recording so many times with pauses between. */
function repeatVoice (n) {
  const parts = Array.from({ length: n }, () => SPEECH).join(` ${PAUSE} `);
  return `${parts} concat name=c ! audioconvert ! audioresample`;
}

/* The model has no VAD: the element says where an utterance ends. */
test('aimock: a session of three utterances', async (t) => {
  const texts = ['The first.', 'And the second.', 'Then the last one.'];
  const { mock, uri } = await startMock(t, ...texts.map((text, i) =>
    [{ endpoint: 'realtime-transcription', sequenceIndex: i },
      { transcription: { text } }]));
  const { said, messages } = await runTalk(t, uri,
    'model=gpt-live-transcribe vad-silence-duration=900000000 latency=0 ' +
    'text_src_0::roles=user', repeatVoice(texts.length));
  assert.deepEqual(itemsOf(said).map(([, text]) => text), texts);
  assert.deepEqual(ofType(messages, 'transcript')
    .map(({ role, text }) => [role, text]),
  texts.map((text) => ['user', text]));
  const times = said.map(({ pts }) => pts);
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  assert.equal(mock.getRequests().length, texts.length);
  assert.equal(ofType(messages, 'session-created').length, 1);
});

/* A lost answer is no end of the session. */
test('aimock: what comes after a failed utterance', async (t) => {
  const { uri } = await startMock(t,
    [{ endpoint: 'realtime-transcription', sequenceIndex: 0 },
      { error: { message: 'Too loud.', type: 'transcription_error',
        code: 'audio_unintelligible' } }],
    [{ endpoint: 'realtime-transcription', sequenceIndex: 1 },
      { transcription: { text: 'I heard this.' } }]);
  const { said, messages } = await runTalk(t, uri,
    'model=gpt-live-transcribe vad-silence-duration=900000000 latency=0 ' +
    'text_src_0::roles=user', repeatVoice(2));
  assert.equal(wordsOf(said), 'I heard this.');
  assert.deepEqual(ofType(messages, 'server-error')
    .map(({ code }) => code), ['audio_unintelligible']);
});

/* -- tools ----------------------------------------------------------------
 *
 * A call is reported as an item; nobody answers it yet. Once the element does,
 * the mock tells what it was told: a fixture with `hasToolResult: true` is the
 * answer to the second response.create, and `body.messages` of that request
 * must end with { role: 'tool', tool_call_id: 'call_7' }.
 */

test('aimock: a call is reported', async (t) => {
  const { mock, uri } = await startMock(t, [{ endpoint: 'realtime' }, CALLING]);
  const { messages } = await runTalk(t, uri, WRITTEN);
  for (const name of ['item-started', 'item-done'])
    assert.deepEqual(ofType(messages, name)
      .map(({ name: called }) => called).filter(Boolean), [TOOL.name]);
  assert.equal(mock.getRequests().length, 1);
});
