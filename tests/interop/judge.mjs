/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Judges single events: by the official types, and events of the server also
 * by the fields that all sightings of them on the real wire carried.
 */
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { loadSchemas } from './schema.mjs';

const ALWAYS_PRESENT = JSON.parse(readFileSync(
  new URL('../check/sandbox/always-present.json', import.meta.url), 'utf8'));

/* The names of the definitions of a union of events, by their `type`. */
function membersByType (schema, name) {
  const members = new Map();
  for (const { if: test, then } of schema.definitions[name].allOf)
    members.set(test.properties.type.const,
      then.$ref.replace('#/definitions/', ''));
  return members;
}

/* Without those that only repeat others: that no member of a union fits, that
 * it is not even null. */
function relevant (errors) {
  const left = errors.filter(({ keyword, params }) =>
    !['anyOf', 'if'].includes(keyword) && params.type !== 'null');
  return left.length > 0 ? left : errors;
}

/* One violation as text: where, and what the types say. */
function describe (error) {
  const where = error.instancePath.slice(1).replace(/\/(\d+)/g, '[]')
    .replaceAll('/', '.') || 'the event';
  const { additionalProperty, allowedValue, allowedValues } = error.params;
  if (additionalProperty !== undefined)
    return `${where}: unknown field ${additionalProperty}`;
  if (allowedValue !== undefined || allowedValues !== undefined)
    return `${where}: must be one of ` +
      JSON.stringify(allowedValues ?? [allowedValue]);
  return `${where}: ${error.message}`;
}

/* The sightings were of PCM, of server_vad, of messages and calls. */
function isOfAnotherKind (name, { type }) {
  if (name === 'rate')
    return type !== 'audio/pcm';
  if (name === 'status' || name === 'object')
    return type?.startsWith('mcp_');
  return type === 'semantic_vad';
}

/* Whether a field is where `names` lead to, in each element of an array. */
function isThere (value, names) {
  if (value === null || typeof value !== 'object' || names.length === 0)
    return true;
  const [first, ...rest] = names;
  const name = first.replace('[]', '');
  if (!(name in value))
    return isOfAnotherKind(name, value);
  const below = first.endsWith('[]') && Array.isArray(value[name])
    ? value[name] : [value[name]];
  return below.every((element) => isThere(element, rest));
}

function missing (event) {
  /* All sightings were of conversations; a transcription has other fields. */
  if (event.session && event.session.type !== 'realtime')
    return [];
  const paths = (ALWAYS_PRESENT.paths[event.type] ?? [])
    .filter((path) => !isThere(event, path.split('.')));
  /* What lacks with its parent is no news. */
  return paths
    .filter((path) => !paths.some((other) =>
      path.startsWith(`${other}.`) || path.startsWith(`${other}[].`)))
    .map((path) => `lacks ${path}, which the real wire always has`);
}

/* Returns judge (session, direction, event): a list of violations, each a
 * text. The session is "realtime", "transcription" or "translation". */
export async function createJudge () {
  const schemas = await loadSchemas();
  const ajv = new Ajv({ allErrors: true, strict: false });
  const rooms = new Map();
  for (const [root, schema] of Object.entries(schemas)) {
    ajv.addSchema(schema, root);
    rooms.set(root, membersByType(schema, schema.$ref.split('/').pop()));
  }
  return (session, direction, event) => {
    const kind = session === 'translation' ? session : 'realtime';
    const root = `${kind}/${direction}`;
    const member = rooms.get(root).get(event?.type);
    if (member === undefined)
      return [`no such event from the ${direction} in a ${session} session`];
    const validate = ajv.getSchema(`${root}#/definitions/${member}`);
    const violations = validate(event) ? []
      : relevant(validate.errors).map(describe);
    if (direction === 'server')
      violations.push(...missing(event));
    return [...new Set(violations)];
  };
}
