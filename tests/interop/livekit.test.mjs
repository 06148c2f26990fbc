/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LiveKit's OpenAI plugin (@livekit/agents-plugin-openai) talks with the
 * sandbox.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { initializeLogger, llm } from '@livekit/agents';
import { realtime } from '@livekit/agents-plugin-openai';
import { AudioFrame } from '@livekit/rtc-node';
import {
  Events, inTime, PATIENT_VAD, PICTURE, RATE, SCRIPTS, startSandbox, TOOL,
  voicePieces,
} from './support.mjs';

initializeLogger({ pretty: false, level: 'silent' });

async function connect (t, turns, options = {}) {
  const sandbox = await startSandbox(t, { turns });
  const model = new realtime.RealtimeModel({
    model: 'gpt-realtime-2',
    apiKey: 'sk-none',
    baseURL: `http://127.0.0.1:${sandbox.port}/v1`,
    turnDetection: {
      ...PATIENT_VAD,
      threshold: 0.5,
      prefix_padding_ms: 300,
      create_response: true,
      interrupt_response: true,
    },
    ...options,
  });
  const session = model.session();
  const events = new Events();
  const generations = [];
  const faults = [];
  session.on('openai_server_event_received', events.put);
  session.on('generation_created', (generation) =>
    generations.push(gather(generation)));
  session.on('error', ({ error }) => faults.push(error));
  t.after(() => session.close());
  await events.next('session.updated');
  return { sandbox, session, events, generations, faults };
}

async function hangUp ({ sandbox, session, faults }) {
  assert.deepEqual(faults, []);
  await inTime(session.close(), 'the end of the session');
  await sandbox.finish();
}

/* A whole answer as LiveKit hands it on. */
async function gather ({ messageStream, functionStream }) {
  const messages = [];
  const calls = [];
  const readCalls = async () => {
    for await (const { callId, name, args } of functionStream)
      calls.push({ callId, name, args: JSON.parse(args) });
  };
  const readMessages = async () => {
    for await (const { messageId, textStream, audioStream } of messageStream) {
      const message = { messageId, text: '', samples: 0 };
      messages.push(message);
      await Promise.all([
        (async () => {
          for await (const text of textStream)
            message.text += text.text ?? text;
        })(),
        (async () => {
          for await (const frame of audioStream)
            message.samples += frame.samplesPerChannel;
        })(),
      ]);
    }
  };
  await Promise.all([readCalls(), readMessages()]);
  return { messages, calls };
}

function speak ({ session }) {
  for (const piece of voicePieces())
    session.pushAudio(new AudioFrame(piece, RATE, 1, piece.length));
}

async function write ({ session }, content) {
  const context = session.chatCtx.copy();
  context.addMessage({ role: 'user', content });
  await inTime(session.updateChatCtx(context), 'the item');
}

/* Every generation is gathered as it is announced, this one too. */
async function reply ({ session, generations }) {
  await inTime(session.generateReply(), 'the beginning of the answer');
  return inTime(generations.at(-1), 'the answer');
}

test('livekit: a voice turn', async (t) => {
  const call = await connect(t, SCRIPTS.voice,
    { inputAudioTranscription: { model: 'gpt-4o-transcribe' } });
  const { events, generations, session } = call;
  const heard = [];
  session.on('input_audio_transcription_completed', (event) => {
    if (event.isFinal)
      heard.push(event.transcript);
  });
  speak(call);
  await events.next('response.done');
  await events.first('conversation.item.input_audio_transcription.completed');
  assert.equal(generations.length, 1);
  const { messages } = await inTime(generations[0], 'the answer');
  assert.deepEqual(messages.map(({ text }) => text),
    ['Let me think.', 'That is the middle.']);
  for (const { samples } of messages)
    assert.ok(samples > RATE / 5, 'a sentence is no click');
  assert.deepEqual(heard, ['Front center.']);
  await hangUp(call);
});

test('livekit: a text turn', async (t) => {
  const call = await connect(t, SCRIPTS.text, { modalities: ['text'] });
  await write(call, 'What is two and two?');
  const { messages } = await reply(call);
  assert.deepEqual(messages.map(({ text, samples }) => [text, samples]),
    [['Four.', 0]]);
  await hangUp(call);
});

test('livekit: a tool is called and answered', async (t) => {
  const call = await connect(t, SCRIPTS.tool);
  const { session } = call;
  await session.updateTools(new llm.ToolContext([llm.tool({
    name: TOOL.name,
    description: TOOL.description,
    parameters: TOOL.parameters,
    execute: async () => '{"celsius":21}',
  })]));
  await call.events.next('session.updated',
    ({ session: { tools } }) => tools.length === 1);
  await write(call, 'How warm is Paris?');
  const { calls } = await reply(call);
  assert.deepEqual(calls.map(({ name, args }) => [name, args]),
    [[TOOL.name, { city: 'Paris' }]]);
  const context = session.chatCtx.copy();
  context.insert(llm.FunctionCallOutput.create({
    callId: calls[0].callId,
    output: '{"celsius":21}',
    isError: false,
  }));
  await inTime(session.updateChatCtx(context), 'the output');
  const { messages } = await reply(call);
  assert.deepEqual(messages.map(({ text }) => text), ['It is 21 degrees.']);
  await hangUp(call);
});

test('livekit: an image', async (t) => {
  const call = await connect(t, SCRIPTS.image, { modalities: ['text'] });
  await write(call, ['What is on this picture?',
    llm.createImageContent({ image: PICTURE })]);
  await reply(call);
  const { response } = await call.events.first('response.done');
  assert.ok(response.usage.input_token_details.image_tokens > 0);
  await hangUp(call);
});

test('livekit: a barge-in, truncated to what was heard', async (t) => {
  const call = await connect(t, SCRIPTS.bargeIn);
  const { events, session } = call;
  await write(call, 'Sing.');
  const answer = reply(call);
  const first = await events.next('response.output_audio.delta');
  speak(call);
  await events.next('input_audio_buffer.speech_started');
  await session.truncate({
    messageId: first.item_id,
    audioEndMs: 40.5,
    modalities: ['audio'],
  });
  const truncated = await events.first('conversation.item.truncated');
  assert.equal(truncated.item_id, first.item_id);
  assert.equal(truncated.audio_end_ms, 40);
  const { messages } = await answer;
  assert.ok(messages[0].samples < 20 * RATE);
  const { response } = await events.first('response.done');
  assert.equal(response.status_details.reason, 'turn_detected');
  await events.next('response.done', (event) =>
    event.response.output[0].content[0].transcript === 'I stopped.');
  await hangUp(call);
});

test('livekit: a response outside the conversation', async (t) => {
  const call = await connect(t, []);
  call.session.sendEvent({
    type: 'response.create',
    response: {
      conversation: 'none',
      output_modalities: ['text'],
      metadata: { purpose: 'classify' },
    },
  });
  const { response } = await call.events.next('response.done');
  assert.equal(response.conversation_id, null);
  assert.deepEqual(response.metadata, { purpose: 'classify' });
  await hangUp(call);
});
