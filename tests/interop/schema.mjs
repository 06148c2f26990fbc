/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The official types as JSON schemas. They are made from the declarations of
 * the npm package `openai`; what they do not say is refused. The few facts of
 * the wire that the types lack are listed here, each with its reason.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const declarations = join(here,
  'node_modules/openai/resources/realtime/realtime.d.ts');

/* Of a transcription session the types are those of a conversation. */
export const ROOTS = {
  'realtime/client': 'RealtimeClientEvent',
  'realtime/server': 'RealtimeServerEvent',
  'translation/client': 'RealtimeTranslationClientEvent',
  'translation/server': 'RealtimeTranslationServerEvent',
};

const TEXT = { type: 'string' };
const PHASE = { enum: ['commentary', 'final_answer'] };
const BASE64 = {
  type: 'string',
  pattern: '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$',
};
const SHORT_ID = { type: 'string', minLength: 1, maxLength: 32 };

/* [root, definition, property, schema, reason]: on the wire, not in the
 * types. An entry that the types have learnt is an error: it must go. */
const ADDED = [
  ...['RealtimeConversationItemAssistantMessage',
    'RealtimeConversationItemFunctionCall'].map((definition) => [
    'realtime/server', definition, 'phase', PHASE,
    'documented in the guides for gpt-realtime-2; no Realtime type has it']),
  ...['ResponseAudioDeltaEvent', 'ResponseAudioTranscriptDeltaEvent',
    'ResponseTextDeltaEvent', 'ResponseFunctionCallArgumentsDeltaEvent',
    'ConversationItemInputAudioTranscriptionDeltaEvent'].map((definition) => [
    'realtime/server', definition, 'obfuscation', TEXT,
    'padding that the service adds to deltas, seen in captures']),
  ['realtime/server', 'ResponseAudioTranscriptDeltaEvent', 'start_time',
    { type: 'number' }, 'seen by other clients on some deltas'],
  ...['RealtimeSessionCreateRequest',
    'RealtimeTranscriptionSessionCreateRequest']
    .flatMap((definition) => [
      ['realtime/server', definition, 'id', TEXT,
        'the types describe a session only as a client sends it'],
      ['realtime/server', definition, 'object', TEXT, 'the same'],
      ['realtime/server', definition, 'expires_at', { type: 'integer' },
        'the same'],
    ]),
];

/* [root, definition, property, reason]: may be null on the wire; the types
 * know only "absent". */
const NULLABLE = [
  ['realtime/server', 'RealtimeSessionCreateRequest', 'include',
    'session.created has it'],
  ['realtime/server', 'RealtimeTranscriptionSessionCreateRequest', 'include',
    'the same'],
  ...['RealtimeAudioConfigInput', 'RealtimeTranscriptionSessionAudioInput']
    .flatMap((definition) => [
      ['realtime/server', definition, 'noise_reduction',
        'session.created has it: off'],
      ['realtime/server', definition, 'transcription', 'the same'],
    ]),
  ['realtime/server', 'RealtimeAudioInputTurnDetection.ServerVad',
    'idle_timeout_ms', 'session.created has it: off'],
  ['realtime/server', 'RealtimeConversationItemUserMessage.Content',
    'transcript', 'of audio that is not transcribed (yet)'],
  ['realtime/server',
    'ConversationItemInputAudioTranscriptionFailedEvent.Error', 'param',
    'the documented examples have it'],
  ['realtime/server', 'RealtimeResponse', 'status_details',
    'of a response that is in progress or completed'],
  ['realtime/server', 'RealtimeResponse', 'usage',
    'of a response that is in progress'],
  ['realtime/server', 'RealtimeResponse', 'conversation_id',
    'of a response outside the conversation'],
  ...['noise_reduction', 'transcription'].map((property) => [
    'realtime/client', 'RealtimeAudioConfigInput', property,
    'documented: null turns it off']),
];

/* [root, definition, property, schema, reason]: the types say less than is
 * known. */
const NARROWED = [
  ['realtime/client', 'InputAudioBufferAppendEvent', 'audio', BASE64,
    'audio is base64'],
  ['realtime/server', 'ResponseAudioDeltaEvent', 'delta', BASE64, 'the same'],
  ['translation/client', 'RealtimeTranslationInputAudioBufferAppendEvent',
    'audio', BASE64, 'the same'],
  ['translation/server', 'RealtimeTranslationOutputAudioDeltaEvent', 'delta',
    BASE64, 'the same'],
  ...['audio_end_ms', 'content_index'].map((property) => [
    'realtime/client', 'ConversationItemTruncateEvent', property,
    { type: 'integer', minimum: 0 }, 'the service refuses fractions']),
  ...['RealtimeConversationItemSystemMessage',
    'RealtimeConversationItemUserMessage',
    'RealtimeConversationItemAssistantMessage',
    'RealtimeConversationItemFunctionCall',
    'RealtimeConversationItemFunctionCallOutput'].map((definition) => [
    'realtime/client', definition, 'id', SHORT_ID,
    'the service refuses ids of more than 32 characters']),
  ...['RealtimeConversationItemFunctionCall',
    'RealtimeConversationItemFunctionCallOutput'].map((definition) => [
    'realtime/client', definition, 'call_id', SHORT_ID, 'the same']),
];

function propertiesOf (schemas, root, definition) {
  const found = schemas[root].definitions[definition];
  if (found?.properties === undefined)
    throw new Error(`the types have no ${definition} any more (${root})`);
  return found.properties;
}

function mustHave (properties, definition, property) {
  if (!(property in properties))
    throw new Error(`the types have no ${definition}.${property} any more`);
}

function amend (schemas) {
  for (const [root, definition, property, schema] of ADDED) {
    const properties = propertiesOf(schemas, root, definition);
    if (property in properties)
      throw new Error(`the types have ${definition}.${property} now: ` +
        'take it from the list in schema.mjs');
    properties[property] = schema;
  }
  for (const [root, definition, property] of NULLABLE) {
    const properties = propertiesOf(schemas, root, definition);
    mustHave(properties, definition, property);
    properties[property] = { anyOf: [properties[property], { type: 'null' }] };
  }
  for (const [root, definition, property, schema] of NARROWED) {
    const properties = propertiesOf(schemas, root, definition);
    mustHave(properties, definition, property);
    properties[property] = schema;
  }
}

/* What tells the member of a union: the fields that have one value only. */
function marks (definition) {
  return Object.fromEntries(Object.entries(definition?.properties ?? {})
    .filter(([name, { const: value }]) =>
      ['type', 'role'].includes(name) && value !== undefined)
    .map(([name, { const: value }]) => [name, { const: value }]));
}

/* A union of objects that are told apart by their `type` (and `role`) becomes
 * a choice, so that what is said about an event is about what it is. */
function tellApart (node, definitions) {
  if (node === null || typeof node !== 'object')
    return;
  Object.values(node).forEach((child) => tellApart(child, definitions));
  const members = (node.anyOf ?? []).map(({ $ref }) => ({
    $ref,
    properties: marks(definitions[$ref?.replace('#/definitions/', '')]),
  }));
  if (members.length < 2 || !members.every(({ properties }) => properties.type))
    return;
  const tests = members.map(({ properties }) =>
    ({ properties, required: Object.keys(properties) }));
  node.allOf = members.map(({ $ref }, i) => ({ if: tests[i], then: { $ref } }));
  node.anyOf = tests;
}

async function generate () {
  const { createGenerator } = await import('ts-json-schema-generator');
  const schemas = {};
  for (const [root, type] of Object.entries(ROOTS))
    schemas[root] = createGenerator({
      path: declarations,
      type,
      expose: 'all',
      jsDoc: 'none',
      encodeRefs: false,
      skipTypeCheck: true,
      additionalProperties: false,
    }).createSchema(type);
  amend(schemas);
  for (const { definitions } of Object.values(schemas))
    tellApart(definitions, definitions);
  return schemas;
}

/* Changes with this file and with the packages that the schemas come from. */
function fingerprint () {
  const require = createRequire(import.meta.url);
  const hash = createHash('sha256');
  hash.update(readFileSync(fileURLToPath(import.meta.url)));
  hash.update(readFileSync(declarations));
  hash.update(require('ts-json-schema-generator/package.json').version);
  return hash.digest('hex').slice(0, 16);
}

/* The four schemas by the names of ROOTS. Making them takes seconds, so they
 * are kept beside the packages. */
export async function loadSchemas () {
  const cache = join(here, 'node_modules/.cache',
    `realtime-schemas-${fingerprint()}.json`);
  try {
    return JSON.parse(readFileSync(cache, 'utf8'));
  } catch {
    const schemas = await generate();
    mkdirSync(dirname(cache), { recursive: true });
    writeFileSync(cache, JSON.stringify(schemas));
    return schemas;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(`${JSON.stringify(await loadSchemas(), null, 1)}\n`);
