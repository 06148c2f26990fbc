/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Responses: from response.created to response.done. */
#include "call.h"
#include "items.h"
#include "mcp.h"
#include "response-private.h"
#include "turns.h"
#include "voice.h"

#define TOKEN_LIMIT 40000 /* per minute, as on the lowest tier */
#define WINDOW_US (60 * G_USEC_PER_SEC)

static Response *
response_ref (Response *response)
{
  g_atomic_ref_count_inc (&response->refs);
  return response;
}

static void
response_unref (gpointer data)
{
  Response *response = data;

  if (!g_atomic_ref_count_dec (&response->refs))
    return;
  g_free (response->id);
  reply_unref (response->reply);
  json_node_unref (response->metadata);
  json_node_unref (response->max_tokens);
  json_node_unref (response->voice);
  g_ptr_array_unref (response->outputs);
  g_clear_pointer (&response->steps, g_array_unref);
  g_object_unref (response->cancellable);
  g_free (response);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Response, response_unref)

static void
stop_timer (Response *response)
{
  if (response->timer == NULL)
    return;
  g_source_destroy (response->timer);
  g_clear_pointer (&response->timer, g_source_unref);
}

static void
set_timer (Response *response, guint64 ms, GSourceFunc function)
{
  stop_timer (response);
  response->timer = session_later (ms, function, response);
}

/* Nothing more is sent of it. */
static void
abandon (Response *response)
{
  stop_timer (response);
  g_cancellable_cancel (response->cancellable);
  response->session = NULL;
}

void
response_abandon_all (Session *session)
{
  Response *active = g_steal_pointer (&session->active);
  guint i;

  if (active != NULL) {
    abandon (active);
    response_unref (active);
  }
  for (i = 0; i < session->aside->len; i++) {
    abandon (g_ptr_array_index (session->aside, i));
    response_unref (g_ptr_array_index (session->aside, i));
  }
  g_ptr_array_set_size (session->aside, 0);
}

const gchar *
response_get_id (Response *response)
{
  return response->id;
}

Response *
response_find (Session *session, const gchar *id)
{
  guint i;

  if (session->active != NULL && session->active->announced
      && (id == NULL || g_str_equal (session->active->id, id)))
    return session->active;
  if (id == NULL)
    return NULL;
  for (i = 0; i < session->aside->len; i++) {
    Response *response = g_ptr_array_index (session->aside, i);

    if (g_str_equal (response->id, id))
      return response;
  }
  return NULL;
}

/* ---- the response object ---- */

static JsonArray *
make_output (Response *response)
{
  gboolean with_phase = response->reply->phase_on & PHASE_ON_RESPONSE_DONE;
  JsonArray *array = json_array_new ();
  guint i;

  for (i = 0; i < response->outputs->len; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    if (output->begun)
      json_array_add_object_element (
          array, items_show (output->item, with_phase));
  }
  return array;
}

static JsonObject *
make_format (AudioFormat format)
{
  static const gchar *const names[] = { "audio/pcm", "audio/pcmu",
    "audio/pcma" };
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", names[format]);
  if (format == AUDIO_PCM)
    json_object_set_int_member (object, "rate", audio_rate (format));
  return object;
}

static JsonObject *
make_audio (Response *response)
{
  JsonObject *audio = json_object_new (), *output = json_object_new ();

  json_object_set_object_member (
      output, "format", make_format (response->format));
  json_object_set_member (output, "voice", wire_copy (response->voice));
  json_object_set_object_member (audio, "output", output);
  return audio;
}

static JsonObject *
make_object (Response *response, const gchar *status)
{
  JsonObject *object = json_object_new ();
  JsonArray *modalities = json_array_new ();

  json_object_set_string_member (object, "object", "realtime.response");
  json_object_set_string_member (object, "id", response->id);
  json_object_set_string_member (object, "status", status);
  json_object_set_null_member (object, "status_details");
  json_object_set_array_member (object, "output", make_output (response));
  wire_set_string (object, "conversation_id",
      response->aside ? NULL : response->session->conversation_id);
  json_array_add_string_element (
      modalities, response->text_only ? "text" : "audio");
  json_object_set_array_member (object, "output_modalities", modalities);
  json_object_set_member (
      object, "max_output_tokens", wire_copy (response->max_tokens));
  json_object_set_object_member (object, "audio", make_audio (response));
  json_object_set_null_member (object, "usage");
  json_object_set_member (object, "metadata", wire_copy (response->metadata));
  return object;
}

static JsonObject *
make_usage (Response *response)
{
  Session *session = response->session;
  Tokens out = { 0 };
  guint i, cached = session->cached_tokens;

  for (i = 0; i < response->outputs->len; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    out.text += usage_text_tokens (output->shown->str);
    out.audio += usage_audio_tokens (item_audio_ms (output->item), TRUE);
  }
  session->cached_tokens = response->input.text;
  return usage_make (&response->input, &out, cached);
}

static JsonObject *
make_details (Response *response, const gchar *status, const gchar *reason,
    const gchar *message)
{
  Reply *reply = response->reply;
  JsonObject *details, *error;

  if (g_str_equal (status, "completed"))
    return NULL;
  details = json_object_new ();
  json_object_set_string_member (details, "type", status);
  if (!g_str_equal (status, "failed")) {
    json_object_set_string_member (details, "reason", reason);
    return details;
  }
  error = json_object_new ();
  json_object_set_string_member (error, "type",
      reply->error_type != NULL ? reply->error_type : "server_error");
  json_object_set_string_member (error, "code",
      reply->error_code != NULL ? reply->error_code : "server_error");
  json_object_set_string_member (error, "message", message);
  json_object_set_object_member (details, "error", error);
  return details;
}

/* ---- the end ---- */

/* Nothing is given back before the minute is over. */
static void
count_tokens (Session *session, guint tokens)
{
  gint64 now = g_get_monotonic_time ();

  if (session->window_us == 0 || now - session->window_us >= WINDOW_US) {
    session->window_us = now;
    session->tokens_used = 0;
  }
  session->tokens_used += tokens;
}

static gint64
token_limit (Session *session)
{
  return session->host->token_limit != 0 ? session->host->token_limit
                                         : TOKEN_LIMIT;
}

static void
send_rate_limits (Response *response, guint tokens)
{
  Session *session = response->session;
  gint64 all = token_limit (session), used;
  JsonObject *event = session_event (response->session, "rate_limits.updated");
  JsonObject *limit = json_object_new ();
  JsonArray *limits = json_array_new ();

  count_tokens (session, tokens);
  used = MIN (session->tokens_used, all);
  json_object_set_string_member (limit, "name", "tokens");
  json_object_set_int_member (limit, "limit", all);
  json_object_set_int_member (limit, "remaining", all - used);
  json_object_set_double_member (limit, "reset_seconds", used * 60.0 / all);
  json_array_add_object_element (limits, limit);
  json_object_set_array_member (event, "rate_limits", limits);
  session_send (response->session, event);
}

static void
send_done (Response *response, const gchar *status, const gchar *reason,
    const gchar *message)
{
  Session *session = response->session;
  JsonObject *object = make_object (response, status);
  JsonObject *details = make_details (response, status, reason, message);
  JsonObject *event;

  if (details != NULL)
    json_object_set_object_member (object, "status_details", details);
  if (!g_str_equal (status, "failed")) {
    JsonObject *usage = make_usage (response);

    send_rate_limits (response, wire_integer (usage, "total_tokens", 0));
    json_object_set_object_member (object, "usage", usage);
  }
  event = session_event (session, "response.done");
  json_object_set_object_member (event, "response", object);
  session_send (session, event);
}

static void
remove_from_session (Response *response)
{
  Session *session = response->session;

  abandon (response);
  if (session->active == response)
    session->active = NULL;
  else
    g_ptr_array_remove (session->aside, response);
  response_unref (response);
}

static guint
audio_ms (Response *response)
{
  guint64 ms = 0, i;

  for (i = 0; i < response->outputs->len; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    ms += item_audio_ms (output->item);
  }
  return ms;
}

/* Ends what has begun, with a status for the last item. */
static void
finish (Response *response, const gchar *status, const gchar *reason,
    const gchar *message)
{
  g_autoptr (Response) guard = response_ref (response);
  Session *session = response->session;
  gboolean whole = g_str_equal (status, "completed");
  guint i;

  for (i = 0; i < response->outputs->len; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    if (output->begun && !output->ended)
      output_end (output, whole ? "completed" : "incomplete");
  }
  send_done (response, status, reason, message);
  if (session->call != NULL)
    call_played (session->call, response->id);
  if (session->active == response)
    turns_arm_idle (session, response->origin, audio_ms (response));
  remove_from_session (response);
  mcp_go_on (session->mcp);
}

void
response_cancel (Response *response, const gchar *reason)
{
  finish (response, "cancelled", reason, NULL);
}

static void
finish_as_told (Response *response)
{
  Reply *reply = response->reply;

  finish (response, reply->status, "max_output_tokens",
      reply->error_message != NULL
          ? reply->error_message
          : "The server had an error while processing your request.");
}

/* ---- playing the plan ---- */

static gboolean
is_last_output (Response *response, guint index)
{
  return index == response->outputs->len - 1;
}

static void
run_step (Response *response, const Step *step)
{
  Output *output = step->output < response->outputs->len
      ? g_ptr_array_index (response->outputs, step->output)
      : NULL;
  const gchar *status = response->reply->status;

  if (step->kind == STEP_BEGIN)
    output_begin (output);
  else if (step->kind == STEP_WORD)
    output_word (output, step->offset, step->length);
  else if (step->kind == STEP_AUDIO)
    output_audio (output, step->offset, step->length);
  else if (step->kind == STEP_SAID)
    output_said (output);
  /* Of a response that fails, the last item ends with the response. */
  else if (step->kind == STEP_END
      && (g_str_equal (status, "completed")
          || !is_last_output (response, step->output)))
    output_end (output, "completed");
  else if (step->kind == STEP_CLOSE)
    session_close (response->session, response->reply->close_code,
        response->reply->close_reason);
  else if (step->kind == STEP_FINISH)
    finish_as_told (response);
}

/* Real milliseconds until a step. */
static gint64
time_until (Response *response, const Step *step)
{
  gdouble pace = response->host->pace;
  gint64 due;

  if (pace <= 0)
    return 0;
  due = response->started_us + (gint64) (step->at_ms * 1000 / pace);
  return (due - g_get_monotonic_time () + 999) / 1000;
}

static gboolean
play (gpointer data)
{
  g_autoptr (Response) response = response_ref (data);
  gint64 wait;

  do {
    run_step (response,
        &g_array_index (response->steps, Step, response->next_step++));
    if (response->session == NULL)
      return G_SOURCE_REMOVE;
    wait = time_until (
        response, &g_array_index (response->steps, Step, response->next_step));
  } while (wait <= 0 && response->host->pace > 0);
  set_timer (response, MAX (wait, 0), play);
  return G_SOURCE_REMOVE;
}

static void
start_playing (Response *response)
{
  guint count = response->outputs->len, i;
  g_autofree PlanOutput *outputs = g_new0 (PlanOutput, count + 1);

  for (i = 0; i < count; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    outputs[i].kind = output->kind;
    /* A wish is there at once, with its arguments. */
    outputs[i].text = output->kind == SAY_APPROVAL ? "" : output->say->text;
    outputs[i].delta_chars = output->say->delta_chars;
    outputs[i].audio_bytes = output->audio != NULL ? output->audio->len : 0;
  }
  response->steps = plan_make (outputs, count, response->format,
      response->reply, response->session->rand);
  response->started_us = g_get_monotonic_time ();
  set_timer (response, 0, play);
}

/* ---- making the voices ---- */

typedef struct {
  Response *response; /* counted */
  GPtrArray *lines;   /* VoiceLine, one per spoken output */
} VoiceCall;

static void
hand_out_voices (VoiceCall *call)
{
  GPtrArray *outputs = call->response->outputs;
  guint i, line = 0;

  for (i = 0; i < outputs->len; i++) {
    Output *output = g_ptr_array_index (outputs, i);

    if (output->kind == SAY_SPEECH)
      output->audio = g_steal_pointer (
          &((VoiceLine *) g_ptr_array_index (call->lines, line++))->audio);
  }
}

static void
voices_made (GObject *source, GAsyncResult *result, gpointer data)
{
  VoiceCall *call = data;
  g_autoptr (GError) error = NULL;
  gboolean fine = voice_say_finish (result, &error);

  call->response->host->voices_at_work--;
  if (call->response->session != NULL) {
    if (fine)
      hand_out_voices (call);
    if (fine)
      start_playing (call->response);
    else
      finish (call->response, "failed", NULL, error->message);
  }
  g_ptr_array_unref (call->lines);
  response_unref (call->response);
  g_free (call);
}

static gboolean
make_voices (gpointer data)
{
  Response *response = data;
  VoiceCall *call = g_new0 (VoiceCall, 1);
  guint i;

  stop_timer (response);
  call->response = response_ref (response);
  call->lines = g_ptr_array_new_with_free_func (
      (GDestroyNotify) voice_line_free);
  for (i = 0; i < response->outputs->len; i++) {
    Output *output = g_ptr_array_index (response->outputs, i);

    if (output->kind == SAY_SPEECH)
      g_ptr_array_add (call->lines,
          voice_line_new (output->say->text, output->say->tone_ms));
  }
  response->host->voices_at_work++;
  voice_say_async (call->lines, config_voice_name (response->voice),
      response->speed, response->format, response->cancellable, voices_made,
      call);
  return G_SOURCE_REMOVE;
}

/* ---- the beginning ---- */

/* A member of the request, else of the session; transfer full. */
static JsonNode *
choose (JsonObject *params, JsonObject *session, const gchar *name)
{
  JsonNode *node = params ? json_object_get_member (params, name) : NULL;

  if (node == NULL && session != NULL)
    node = json_object_get_member (session, name);
  return node != NULL ? wire_copy (node) : json_node_new (JSON_NODE_NULL);
}

static void
read_audio_params (Response *response, JsonObject *params)
{
  Config *config = response->session->config;
  JsonObject *audio = params ? wire_object (params, "audio") : NULL;
  JsonObject *output = audio ? wire_object (audio, "output") : NULL;
  JsonObject *format = output ? wire_object (output, "format") : NULL;
  JsonObject *own = wire_object (
      wire_object (config->session, "audio"), "output");

  response->voice = choose (output, own, "voice");
  response->speed = config->speed;
  response->format = format != NULL
      ? audio_format_from_name (wire_string (format, "type"))
      : config->output_format;
}

static void
read_params (Response *response, JsonObject *params)
{
  Config *config = response->session->config;
  JsonArray *modalities = params ? wire_array (params, "output_modalities")
                                 : NULL;

  read_audio_params (response, params);
  response->metadata = choose (params, NULL, "metadata");
  response->max_tokens = choose (params, config->session, "max_output_tokens");
  response->text_only = config->text_only;
  if (modalities != NULL)
    response->text_only = g_str_equal (
        json_array_get_string_element (modalities, 0), "text");
  response->aside = params != NULL
      && g_strcmp0 (wire_string (params, "conversation"), "none") == 0;
}

static void
count_own_input (Response *response, JsonArray *input)
{
  Conversation *conversation = response->session->conversation;
  guint i;

  for (i = 0; i < json_array_get_length (input); i++) {
    JsonObject *json = json_array_get_object_element (input, i);
    const gchar *id = wire_string (json, "id");
    Item *item;

    if (g_str_equal (wire_string (json, "type"), "item_reference"))
      item = item_ref (conversation_find (conversation, id));
    else
      item = item_new ("", wire_copy_object (json));
    usage_add_item (&response->input, item);
    item_unref (item);
  }
}

static void
count_input (Response *response, JsonObject *params)
{
  Session *session = response->session;
  GPtrArray *items = session->conversation->items;
  const gchar *instructions = session->config->instructions;
  guint i;

  if (params != NULL && wire_string (params, "instructions") != NULL)
    instructions = wire_string (params, "instructions");
  response->input.text = usage_text_tokens (instructions);
  if (params != NULL && wire_array (params, "input") != NULL) {
    count_own_input (response, wire_array (params, "input"));
    return;
  }
  for (i = 0; i < items->len; i++)
    usage_add_item (&response->input, g_ptr_array_index (items, i));
}

static Response *
response_new (Session *session, Reply *reply, JsonObject *params)
{
  Response *response = g_new0 (Response, 1);
  guint i;

  g_atomic_ref_count_init (&response->refs);
  response->session = session;
  response->host = session->host;
  response->id = wire_make_id (session->rand, "resp");
  response->reply = reply;
  response->cancellable = g_cancellable_new ();
  response->origin = session->input->total;
  read_params (response, params);
  count_input (response, params);
  response->outputs = g_ptr_array_new_with_free_func (output_free);
  for (i = 0; i < reply->say->len; i++)
    g_ptr_array_add (response->outputs,
        output_new (response, i, g_ptr_array_index (reply->say, i)));
  return response;
}

/* The script wants an error, and maybe the end, in place of a response. */
static void
inject_error (Session *session, Reply *reply)
{
  Fault fault = { 0 };

  fault_set (&fault, reply->error_code, NULL, "%s",
      reply->error_message != NULL ? reply->error_message
                                   : "The script asked for this error.");
  session_refuse (session, reply->error_type, &fault, NULL);
  if (reply->close_code >= 0)
    session_close (session, reply->close_code, reply->close_reason);
}

/* A response that fails at once; NULL: nothing is wrong. Transfer full. */
static Reply *
fail_on_demand (Session *session)
{
  const Failure *failure = faults_next (session->host->faults, FAULT_RESPONSE);

  if (failure != NULL)
    return reply_new_failed (failure->type, failure->code, failure->message);
  count_tokens (session, 0);
  if (session->host->token_limit == 0
      || session->tokens_used < session->host->token_limit)
    return NULL;
  return reply_new_failed ("rate_limit_exceeded", "rate_limit_exceeded",
      "Rate limit reached: the tokens of this minute are used up.");
}

static gboolean
announce (gpointer data)
{
  Response *response = data;
  const Reply *reply = response->reply;
  JsonObject *event = session_event (response->session, "response.created");

  stop_timer (response);
  response->announced = TRUE;
  json_object_set_object_member (
      event, "response", make_object (response, "in_progress"));
  session_send (response->session, event);
  if (response->session != NULL && reply->hold_ms >= 0)
    set_timer (
        response, (guint64) reply->hold_ms + reply->delay_ms, make_voices);
  return G_SOURCE_REMOVE;
}

void
response_start (Session *session, Reply *reply, JsonObject *params)
{
  Reply *failing = fail_on_demand (session);
  Response *response;

  if (session->call != NULL)
    call_answered (session->call);
  if (failing != NULL) {
    reply_unref (reply);
    reply = failing;
  }

  if (reply->error_code != NULL && g_str_equal (reply->status, "completed")) {
    inject_error (session, reply);
    reply_unref (reply);
    return;
  }
  response = response_new (session, reply, params);
  if (response->aside)
    g_ptr_array_add (session->aside, response);
  else
    session->active = response;
  session->idle_at = 0;
  if (reply->created_ms > 0)
    set_timer (response, reply->created_ms, announce);
  else
    announce (response);
}
