/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as a message of the server, and as whatever else of a peer or of a
 * user goes through the same pure functions.
 */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "fuzztext.h"
#include "rt2eventtext.h"
#include "rt2protocolpriv.h"

static void
check_id (const gchar *id)
{
  fuzz_check_text (id);
  if (id)
    FUZZ_CHECK (*id && strlen (id) <= RT2_PROTOCOL_MAX_SERVER_ID);
}

/* --- what events carry --- */

static void
check_item (const Rt2Item *item)
{
  check_id (item->id);
  check_id (item->call_id);
  check_id (item->approval_request_id);
  fuzz_check_text (item->text);
  fuzz_check_text (item->name);
  fuzz_check_text (item->arguments);
  fuzz_check_text (item->server_label);
  fuzz_check_text (item->output);
  fuzz_check_text (item->error);
  FUZZ_CHECK (item->type <= RT2_ITEM_MCP_APPROVAL_RESPONSE);
  FUZZ_CHECK (item->status <= RT2_STATUS_FAILED);
  FUZZ_CHECK (item->role <= RT2_ROLE_SYSTEM);
  FUZZ_CHECK (item->phase <= RT2_PHASE_FINAL_ANSWER);
  if (item->tools)
    FUZZ_CHECK (item->tools[0]);
  for (guint i = 0; item->tools && item->tools[i]; i++)
    fuzz_check_text (item->tools[i]);
}

static void
check_usage (const Rt2Usage *usage)
{
  const guint64 counts[] = { usage->total, usage->input, usage->output,
    usage->input_text, usage->input_audio, usage->input_image, usage->cached,
    usage->cached_text, usage->cached_audio, usage->cached_image,
    usage->output_text, usage->output_audio };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++) {
    FUZZ_CHECK (counts[i] <= G_MAXINT64);
    FUZZ_CHECK (usage->known || counts[i] == 0);
  }
  FUZZ_CHECK (usage->seconds <= G_MAXUINT32);
}

static void
check_response (const Rt2Response *response)
{
  check_id (response->id);
  FUZZ_CHECK (response->id);
  check_id (response->conversation_id);
  fuzz_check_text (response->reason);
  fuzz_check_text (response->error_type);
  fuzz_check_text (response->error_code);
  fuzz_check_text (response->error_message);
  fuzz_check_text (response->client_event_id);
  if (response->metadata)
    fuzz_check_object (response->metadata);
  FUZZ_CHECK (response->status <= RT2_STATUS_FAILED);
  check_usage (&response->usage);
  FUZZ_CHECK (response->output);
  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);

    FUZZ_CHECK (item->id);
    check_item (item);
  }
}

static void
check_session (const Rt2SessionInfo *info)
{
  check_id (info->id);
  fuzz_check_text (info->type);
  fuzz_check_text (info->model);
  fuzz_check_text (info->voice);
  FUZZ_CHECK (info->expires_at <= G_MAXINT64);
  FUZZ_CHECK (info->json && !strchr (info->json, '\n'));
  fuzz_check_object (info->json);
  if (info->has_input_format)
    FUZZ_CHECK (info->input_format <= RT2_AUDIO_FORMAT_PCMA);
  if (info->has_output_format)
    FUZZ_CHECK (info->output_format <= RT2_AUDIO_FORMAT_PCMA);
}

static void
check_error (const Rt2ServerError *error)
{
  fuzz_check_text (error->type);
  fuzz_check_text (error->code);
  fuzz_check_text (error->message);
  fuzz_check_text (error->param);
  fuzz_check_text (error->event_id);
}

static void
check_limits (const GPtrArray *limits)
{
  for (guint i = 0; i < limits->len; i++) {
    const Rt2RateLimit *limit = g_ptr_array_index (limits, i);

    FUZZ_CHECK (limit->name);
    fuzz_check_text (limit->name);
    FUZZ_CHECK (limit->limit <= G_MAXINT64 && limit->remaining <= G_MAXINT64);
    FUZZ_CHECK (limit->reset_seconds >= 0 && isfinite (limit->reset_seconds));
  }
}

/* --- events --- */

/* What must be there, by rt2protocol.h. */
static void
check_presence (const Rt2Event *event)
{
  switch (event->type) {
    case RT2_EVENT_ERROR:
    case RT2_EVENT_INPUT_TRANSCRIPT_FAILED:
      FUZZ_CHECK (event->error);
      break;
    case RT2_EVENT_SESSION_CREATED:
    case RT2_EVENT_SESSION_UPDATED:
      FUZZ_CHECK (event->session);
      break;
    case RT2_EVENT_RATE_LIMITS_UPDATED:
      FUZZ_CHECK (event->rate_limits);
      break;
    case RT2_EVENT_ITEM_ADDED:
    case RT2_EVENT_ITEM_DONE:
    case RT2_EVENT_ITEM_RETRIEVED:
    case RT2_EVENT_OUTPUT_ITEM_ADDED:
    case RT2_EVENT_OUTPUT_ITEM_DONE:
      FUZZ_CHECK (event->item && event->item->id);
      break;
    case RT2_EVENT_ITEM_DELETED:
    case RT2_EVENT_ITEM_TRUNCATED:
      FUZZ_CHECK (event->item_id);
      break;
    case RT2_EVENT_RESPONSE_CREATED:
    case RT2_EVENT_RESPONSE_DONE:
      FUZZ_CHECK (event->response);
      break;
    case RT2_EVENT_AUDIO_DELTA:
    case RT2_EVENT_TRANSLATION_AUDIO_DELTA:
      FUZZ_CHECK (event->audio);
      break;
    case RT2_EVENT_INPUT_TRANSCRIPT_DELTA:
    case RT2_EVENT_TEXT_DELTA:
    case RT2_EVENT_TRANSCRIPT_DELTA:
    case RT2_EVENT_FUNCTION_ARGUMENTS_DELTA:
    case RT2_EVENT_MCP_ARGUMENTS_DELTA:
    case RT2_EVENT_TRANSLATION_OUTPUT_DELTA:
    case RT2_EVENT_TRANSLATION_INPUT_DELTA:
      FUZZ_CHECK (event->text);
      break;
    default:
      break;
  }
}

static void
check_addresses (const Rt2Event *event)
{
  check_id (event->event_id);
  check_id (event->response_id);
  check_id (event->item_id);
  check_id (event->previous_item_id);
  check_id (event->call_id);
  check_id (event->conversation_id);
}

static void
check_event (const Rt2Event *event, gsize size)
{
  FUZZ_CHECK (event->type < RT2_N_EVENTS);
  FUZZ_CHECK (event->type_name);
  fuzz_check_text (event->type_name);
  FUZZ_CHECK (
      (event->type == RT2_EVENT_UNKNOWN) == !rt2_event_type_name (event->type));
  check_addresses (event);
  fuzz_check_text (event->text);
  fuzz_check_text (event->name);
  check_usage (&event->usage);
  FUZZ_CHECK (event->audio_start_ms <= G_MAXINT64);
  FUZZ_CHECK (event->audio_end_ms <= G_MAXINT64);
  FUZZ_CHECK (
      event->elapsed_ms <= G_MAXINT64 || event->elapsed_ms == G_MAXUINT64);
  if (event->audio)
    FUZZ_CHECK (g_bytes_get_size (event->audio) <= size / 4 * 3 + 2);
  if (event->item)
    check_item (event->item);
  if (event->response)
    check_response (event->response);
  if (event->session)
    check_session (event->session);
  if (event->error)
    check_error (event->error);
  if (event->rate_limits)
    check_limits (event->rate_limits);
  check_presence (event);
}

/* --- two ways to one event --- */

static void
check_same (const Rt2Event *a, const Rt2Event *b)
{
  FUZZ_CHECK (a->type == b->type);
  FUZZ_CHECK (g_str_equal (a->type_name, b->type_name));
  FUZZ_CHECK (g_strcmp0 (a->event_id, b->event_id) == 0);
  FUZZ_CHECK (g_strcmp0 (a->response_id, b->response_id) == 0);
  FUZZ_CHECK (g_strcmp0 (a->item_id, b->item_id) == 0);
  FUZZ_CHECK (g_strcmp0 (a->previous_item_id, b->previous_item_id) == 0);
  FUZZ_CHECK (g_strcmp0 (a->call_id, b->call_id) == 0);
  FUZZ_CHECK (a->output_index == b->output_index);
  FUZZ_CHECK (a->content_index == b->content_index);
  FUZZ_CHECK (g_bytes_equal (a->audio, b->audio));
  FUZZ_CHECK (g_strcmp0 (a->text, b->text) == 0);
}

static void
check_walk (const gchar *text, gsize size)
{
  Rt2Event *walked = rt2_event_parse_delta (text, size);
  Rt2Event *parsed;

  if (!walked)
    return;
  parsed = rt2_event_parse_general (text, size, NULL);
  FUZZ_CHECK (parsed);
  check_same (walked, parsed);
  rt2_event_free (walked);
  rt2_event_free (parsed);
}

/* --- the event as text --- */

static void
check_event_text (const gchar *text, gsize size, const Rt2Event *event)
{
  gchar *type = NULL;
  gchar *shown = rt2_event_text (text, size, &type);

  if (event)
    FUZZ_CHECK (shown);
  if (!shown) {
    FUZZ_CHECK (!type);
    return;
  }
  FUZZ_CHECK (type && !strchr (shown, '\n'));
  if (event)
    FUZZ_CHECK (g_str_equal (type, event->type_name));
  fuzz_check_object (shown);
  if (event && event->audio)
    fuzz_check_no_string (shown, "delta");
  g_free (type);
  g_free (shown);
}

static void
run (const gchar *text, gsize size)
{
  GError *error = NULL;
  Rt2Event *event = rt2_event_parse (text, size, &error);

  FUZZ_CHECK ((event == NULL) == (error != NULL));
  if (event)
    check_event (event, size);
  else
    FUZZ_CHECK (error->domain == RT2_PROTOCOL_ERROR && error->message);
  check_walk (text, size);
  check_event_text (text, size, event);
  rt2_event_free (event);
  g_clear_error (&error);
  fuzz_check_texts (text, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  /* No NUL at its end: whoever reads further is caught. */
  gchar *text = g_memdup2 (data, size);

  fuzz_init ();
  run (text ? text : "", size);
  g_free (text);
  return 0;
}
