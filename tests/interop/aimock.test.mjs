/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The element talks with a server that this project did not write:
 * @copilotkit/aimock, which knows text and no sound.
 */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';
import { runPipeline, runTalk, runTurns } from './pipeline.mjs';
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

/* What is said once the call has its output. */
const ANSWERED = [{ endpoint: 'realtime', hasToolResult: true },
  { content: 'It is 21 degrees.' }];
const ASKED = 'What is the weather?';

test('aimock: phases, on the pad and on the bus', async (t) => {
  const { uri } = await startMock(t, ANSWERED,
    [{ endpoint: 'realtime' }, CALLING]);
  const { said, messages } = await runTurns(t, uri, [ASKED],
    { answer: '21 degrees' });
  const wanted = [['commentary', 'Let me look. One moment.'],
    ['commentary', 'I have asked.'], ['final_answer', 'It is 21 degrees.']];
  assert.deepEqual(itemsOf(said), wanted);
  assert.deepEqual(ofType(messages, 'transcript')
    .map(({ phase, text }) => [phase, text]), wanted);
  for (const type of ['item-started', 'item-done'])
    assert.deepEqual(ofType(messages, type)
      .filter(({ name }) => name === undefined)
      .map(({ phase }) => phase), wanted.map(([phase]) => phase));
  /* It was said in time: nothing had to be corrected. */
  assert.deepEqual(ofType(messages, 'phase-changed'), []);
});

test('aimock: only the final answer', async (t) => {
  const { uri } = await startMock(t, ANSWERED,
    [{ endpoint: 'realtime' }, CALLING]);
  const { said, messages } = await runTurns(t, uri, [ASKED], {
    answer: '21 degrees', properties: 'text_src_0::phases=final-answer',
  });
  assert.deepEqual(itemsOf(said), [['final_answer', 'It is 21 degrees.']]);
  assert.equal(ofType(messages, 'transcript').length, 3);
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

/* What the mock was asked at a response, as [role, text]: its memory is the
 * session's, so that another session would have less of it. */
function askedOf (request) {
  return request.body.messages.map(({ role, content }) =>
    [role, Array.isArray(content)
      ? content.map(({ text }) => text).join('') : content]);
}

test('aimock: a conversation in one session', async (t) => {
  const dialogue = [
    ['Good morning.', 'Good morning to you. How can I help?'],
    ['Tell me a joke.', 'I know none.'],
    ['Never mind.', 'I do not.'],
    ['Goodbye.', 'So long.'],
  ];
  const { mock, uri } = await startMock(t, ...dialogue.map(([said, answer]) =>
    [{ endpoint: 'realtime', userMessage: said }, { content: answer }]));
  const { said, messages } = await runTurns(t, uri,
    dialogue.map(([turn]) => turn), { properties: 'instructions=Chat' });
  assert.deepEqual(itemsOf(said),
    dialogue.map(([, answer]) => ['final_answer', answer]));
  assert.equal(ofType(messages, 'session-created').length, 1);
  assert.equal(ofType(messages, 'response-done').length, dialogue.length);
  assert.deepEqual(askedOf(mock.getRequests().at(-1)), [
    ['system', 'Chat'],
    ...dialogue.flatMap(([turn, answer]) =>
      [['user', turn], ['assistant', answer]]).slice(0, -1),
  ]);
});

/* A turn whose answer fails is told, and the next one is answered. */
test('aimock: what comes after a failed answer', async (t) => {
  const { uri } = await startMock(t,
    [{ endpoint: 'realtime', userMessage: 'Fail.' },
      { error: { message: 'No.', type: 'server_error' }, status: 500 }],
    [{ endpoint: 'realtime', userMessage: 'Go on.' }, { content: 'Gladly.' }]);
  const { said, messages } = await runTurns(t, uri, ['Fail.', 'Go on.']);
  assert.deepEqual(itemsOf(said), [['final_answer', 'Gladly.']]);
  assert.deepEqual(
    ofType(messages, 'response-done').map(({ status }) => status),
    ['failed', 'completed']);
});

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

/* -- tools ---------------------------------------------------------------- */

/* Two calls in one answer, and what is said once both have their outputs. */
const CALLS = ['Paris', 'Oslo'].map((city, i) => ({
  id: `call_${i}`, name: TOOL.name, arguments: JSON.stringify({ city }),
}));
const WEATHER = [
  [{ endpoint: 'realtime', userMessage: 'weather', hasToolResult: false },
    { content: 'Let me look.', toolCalls: CALLS }],
  [{ endpoint: 'realtime', hasToolResult: true },
    { content: 'It is 21 degrees in both.' }],
  [{ endpoint: 'realtime' }, { content: 'You are welcome.' }],
];

test('aimock: two calls are answered, and the talk goes on', async (t) => {
  const { mock, uri } = await startMock(t, ...WEATHER);
  const { said, messages } = await runTurns(t, uri,
    [ASKED, 'Thanks.'], { answer: '21 degrees' });
  assert.deepEqual(itemsOf(said), [
    ['commentary', 'Let me look.'],
    ['final_answer', 'It is 21 degrees in both.'],
    ['final_answer', 'You are welcome.'],
  ]);
  assert.deepEqual(
    ofType(messages, 'function-call').map((call) => call['call-id']),
    CALLS.map(({ id }) => id));
  /* Both outputs were there before the one response that they led to. */
  const requests = mock.getRequests();
  assert.equal(requests.length, 3);
  assert.deepEqual(
    requests[1].body.messages.filter(({ role }) => role === 'tool'),
    CALLS.map(({ id }) =>
      ({ role: 'tool', content: '21 degrees', tool_call_id: id })));
});

/* Nobody answers: the element does, in time, and says so. */
test('aimock: a call without an answer', async (t) => {
  const { mock, uri } = await startMock(t, ...WEATHER);
  const { said } = await runTurns(t, uri, [ASKED],
    { properties: 'tool-timeout=300000000' });
  assert.deepEqual(itemsOf(said).at(-1),
    ['final_answer', 'It is 21 degrees in both.']);
  const results = mock.getRequests()[1].body.messages
    .filter(({ role }) => role === 'tool');
  assert.deepEqual(results.map((result) => result.tool_call_id),
    CALLS.map(({ id }) => id));
  for (const { content } of results)
    assert.match(content, /error|time/i);
});
