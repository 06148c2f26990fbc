/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How libFuzzer mutates a script: line by line, and messages as JSON.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

FUZZ_VISIBLE size_t LLVMFuzzerMutate (
    uint8_t *data, size_t size, size_t max_size);

#define ITEM(how, id, body)                                                    \
  "{\"type\":\"response.output_item." how "\",\"response_id\":\"resp_1\","     \
  "\"output_index\":0,\"item\":{\"id\":\"" id "\"," body "}}"
#define MESSAGE "\"type\":\"message\",\"role\":\"assistant\",\"content\":[]"
#define CALL(id)                                                               \
  "\"type\":\"function_call\",\"call_id\":\"" id "\",\"name\":\"look\","       \
  "\"arguments\":\"{}\""
#define PART(type, member)                                                     \
  "{\"type\":\"response." type "\",\"response_id\":\"resp_1\","                \
  "\"item_id\":\"item_1\",\"output_index\":0,\"content_index\":0" member "}"
#define INPUT(type, member)                                                    \
  "{\"type\":\"input_audio_buffer." type "\",\"item_id\":\"user_1\"" member "}"
#define WORDS(type, member)                                                    \
  "{\"type\":\"conversation.item.input_audio_transcription." type              \
  "\",\"item_id\":\"user_1\",\"content_index\":0" member "}"
#define DONE(status, output)                                                   \
  "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_1\",\"status\":"    \
  "\"" status "\",\"output\":[" output "],\"conversation_id\":\"conv_1\","     \
  "\"usage\":{\"total_tokens\":3,\"input_tokens\":1,\"output_tokens\":2}}}"
#define CREATED(mark)                                                               \
  "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"status\":"      \
  "\"in_progress\",\"output\":[],\"conversation_id\":\"conv_1\",\"metadata\":" mark \
  "}}"
#define ERROR(code, event)                                                     \
  "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"code\"" \
  ":\"" code "\",\"message\":\"no\",\"param\":\"session.voice\",\"event_id\""  \
  ":" event "}}"

/* What may happen; ids are changed now and then. */
static const gchar *const steps[] = {
  "+ 20",
  "+ 500",
  "+ 6000",
  "d 0",
  "d 1011",
  "d 1001",
  "d 4000",
  "a 500",
  "a 40",
  "z 700",
  "p 100",
  "p 2000",
  "c",
  "x",
  "k",
  "t user hello",
  "t system listen",
  "T user soon",
  "i assistant so it was",
  "r {}",
  "r {\"conversation\":\"none\"}",
  "f call_1 {}",
  "m item_1",
  "e {\"type\":\"input_audio_buffer.clear\"}",
  "v",
  "u {\"instructions\":\"be brief\"}",
  "u {\"tools\":null}",
  "u {\"audio\":{\"output\":{\"speed\":1.2}}}",
  "g item_1",
  "!",
  "E",
  "* 30",
  "* 100",
  CREATED ("null"),
  CREATED ("{\"client_event_id\":\"rt2-2\"}"),
  CREATED ("{\"client_event_id\":\"rt2-3\"}"),
  ITEM ("added", "item_1", MESSAGE),
  ITEM ("done", "item_1", MESSAGE),
  ITEM ("added", "item_2", CALL ("call_1")),
  ITEM ("done", "item_2", CALL ("call_1")),
  ITEM ("done", "item_#", CALL ("call_#")),
  PART ("output_audio.delta",
      ",\"delta\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
  PART ("output_audio.done", ""),
  PART ("output_audio_transcript.delta", ",\"delta\":\"Well, \""),
  PART ("output_audio_transcript.done", ",\"transcript\":\"Well, yes.\""),
  PART ("output_text.delta", ",\"delta\":\"Well, \""),
  PART ("output_text.done", ",\"text\":\"Well, yes.\""),
  DONE ("completed", ""),
  DONE ("cancelled", "{\"id\":\"item_1\"," MESSAGE "}"),
  DONE ("completed", "{\"id\":\"item_2\"," CALL ("call_1") "}"),
  DONE ("failed", ""),
  INPUT ("speech_started", ",\"audio_start_ms\":100"),
  INPUT ("speech_stopped", ",\"audio_end_ms\":900"),
  INPUT ("committed", ",\"previous_item_id\":null"),
  INPUT ("cleared", ""),
  INPUT ("timeout_triggered", ",\"audio_start_ms\":100,\"audio_end_ms\":900"),
  WORDS ("delta", ",\"delta\":\"hey\""),
  WORDS ("completed", ",\"transcript\":\"hey\""),
  WORDS ("failed", ",\"error\":{\"code\":\"x\",\"message\":\"sk-fuzz-0123\"}"),
  "{\"type\":\"conversation.item.added\",\"previous_item_id\":\"item_1\","
  "\"item\":{\"id\":\"user_1\",\"type\":\"message\",\"role\":\"user\"}}",
  "{\"type\":\"conversation.item.deleted\",\"item_id\":\"item_1\"}",
  "{\"type\":\"mcp_list_tools.completed\",\"item_id\":\"item_9\"}",
  "{\"type\":\"session.created\",\"session\":{\"id\":\"sess_9\","
  "\"expires_at\":1900000000}}",
  "{\"type\":\"session.updated\",\"session\":{}}",
  "{\"type\":\"session.closed\"}",
  "{\"type\":\"session.output_audio.delta\",\"delta\":\"AAAAAAAAAAAA\"}",
  "{\"type\":\"session.output_transcript.delta\",\"delta\":\"merci.\","
  "\"elapsed_ms\":300}",
  "{\"type\":\"session.input_transcript.delta\",\"delta\":\"thanks.\"}",
  ERROR ("conversation_already_has_active_response", "null"),
  ERROR ("conversation_already_has_active_response", "\"rt2-2\""),
  ERROR ("invalid_value", "\"rt2-1\""),
  ERROR ("invalid_value", "\"rt2-2\""),
  ERROR ("input_audio_buffer_commit_empty", "null"),
  ERROR ("response_cancel_not_active", "null"),
  ERROR ("session_expired", "null"),
  ERROR ("insufficient_quota", "null"),
};

static guint
below (GRand *random, guint n)
{
  return g_rand_int_range (random, 0, n);
}

/* Ids are "NAME_N": sometimes another N. */
static gchar *
renumber (const gchar *line, GRand *random)
{
  gchar *copy = g_strdup (line);

  for (gchar *at = strchr (copy, '_'); at; at = strchr (at + 1, '_'))
    if (g_ascii_isdigit (at[1]) && below (random, 4) == 0)
      at[1] = '1' + below (random, 3);
  return copy;
}

static gchar *
new_line (GRand *random)
{
  if (below (random, 30) == 0)
    return g_strdup_printf ("= %u", g_rand_int (random) & 0xffffff);
  return renumber (steps[below (random, G_N_ELEMENTS (steps))], random);
}

/* Takes @line over. */
static gchar *
changed (gchar *line, GRand *random)
{
  gchar *json = NULL, *other = NULL;

  if (*line == '{')
    json = fuzz_mutate_json (line, strlen (line), random);
  else if (*line && line[1] == ' ' && line[2] == '{')
    json = fuzz_mutate_json (line + 2, strlen (line + 2), random);
  if (*line == '=')
    other = g_strdup_printf (
        "= %u", (guint) atoi (line + 1) ^ 1u << below (random, 24));
  else if (json && *line != '{')
    other = g_strdup_printf ("%c %s", *line, json);
  else
    other = json ? g_steal_pointer (&json) : renumber (line, random);
  g_free (json);
  g_free (line);
  return other;
}

static void
mutate (GPtrArray *lines, GRand *random)
{
  guint i = below (random, lines->len);
  gpointer *at = &lines->pdata[i];

  switch (below (random, 7)) {
    case 0:
      g_ptr_array_remove_index (lines, i);
      break;
    case 1:
      g_ptr_array_insert (
          lines, below (random, lines->len + 1), g_strdup (*at));
      break;
    case 2:
      g_ptr_array_insert (lines, i,
          g_ptr_array_steal_index (lines, below (random, lines->len)));
      break;
    case 3:
    case 4:
      g_ptr_array_insert (lines, i + 1, new_line (random));
      break;
    default:
      *at = changed (*at, random);
      break;
  }
}

static gchar *
mutate_script (const gchar *data, gsize size, GRand *random)
{
  gchar *text = g_utf8_make_valid (data, strnlen (data, size));
  gchar **split = g_strsplit (text, "\n", 400);
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  gchar *result;

  for (guint i = 0; split[i]; i++)
    g_ptr_array_add (lines, split[i]);
  g_free (split);
  for (guint n = 1 + below (random, 4); n > 0; n--) {
    if (lines->len == 0)
      g_ptr_array_add (lines, new_line (random));
    mutate (lines, random);
  }
  g_ptr_array_add (lines, NULL);
  result = g_strjoinv ("\n", (gchar **) lines->pdata);
  g_ptr_array_unref (lines);
  g_free (text);
  return result;
}

size_t
LLVMFuzzerCustomMutator (
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  gchar *text = NULL;
  gsize length = 0;

  if (below (random, 8) > 0) {
    text = mutate_script ((const gchar *) data, size, random);
    length = strlen (text);
  }
  g_rand_free (random);
  if (!text || length == 0 || length > max_size) {
    g_free (text);
    return LLVMFuzzerMutate (data, size, max_size);
  }
  memcpy (data, text, length);
  g_free (text);
  return length;
}
