/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a new server is told of a conversation: a table of items, and changes at
 * random whose events a model of a server carries out.
 */
#include "rt2seed.h"

#include <string.h>

#include "rt2json.h"

#define NOTE RT2_SEED_NOTE_ID

/* -- a model of a server --------------------------------------------------- */

typedef struct {
  gchar *id;
  gchar *call_id; /* NULL for a message */
  gchar *what;    /* its role or type, and its words */
} Told;

typedef struct {
  GPtrArray *items; /* Told*, in order */
  GHashTable *used; /* event ids */
  guint n_events;
} Model;

static void
told_free (Told *told)
{
  g_free (told->id);
  g_free (told->call_id);
  g_free (told->what);
  g_free (told);
}

static Model *
model_new (void)
{
  Model *model = g_new0 (Model, 1);

  model->items = g_ptr_array_new_with_free_func ((GDestroyNotify) told_free);
  model->used = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return model;
}

static void
model_free (Model *model)
{
  g_ptr_array_unref (model->items);
  g_hash_table_unref (model->used);
  g_free (model);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Model, model_free)

/* Its place from 1, or 0. */
static guint
model_find (Model *model, const gchar *id)
{
  for (guint i = 0; i < model->items->len; i++)
    if (g_str_equal (((Told *) g_ptr_array_index (model->items, i))->id, id))
      return i + 1;
  return 0;
}

static gboolean
model_has_call (Model *model, const gchar *call_id)
{
  for (guint i = 0; i < model->items->len; i++) {
    const Told *told = g_ptr_array_index (model->items, i);

    if (g_strcmp0 (told->call_id, call_id) == 0)
      return TRUE;
  }
  return FALSE;
}

/* What a server reads in an item that it is to make. */
static gchar *
describe (JsonObject *item)
{
  const gchar *type = rt2_json_string (item, "type");
  JsonObject *part = rt2_json_array_object (
      rt2_json_array (item, "content"), 0);
  const gchar *kind = rt2_json_string (part, "type");

  if (g_str_equal (type, "function_call"))
    return g_strdup_printf ("call %s %s", rt2_json_string (item, "name"),
        rt2_json_string (item, "arguments"));
  if (g_str_equal (type, "function_call_output"))
    return g_strdup_printf ("output %s", rt2_json_string (item, "output"));
  g_assert_cmpstr (type, ==, "message");
  g_assert_nonnull (kind);
  if (g_str_equal (kind, "input_image"))
    return g_strdup_printf ("image %s", rt2_json_string (part, "image_url"));
  if (g_str_equal (kind, "input_audio"))
    return g_strdup_printf ("audio %s", rt2_json_string (part, "audio"));
  g_assert_cmpstr (kind, ==,
      g_strcmp0 (rt2_json_string (item, "role"), "assistant") == 0
          ? "output_text"
          : "input_text");
  return g_strdup_printf (
      "%s: %s", rt2_json_string (item, "role"), rt2_json_string (part, "text"));
}

static void
model_create (Model *model, JsonObject *event)
{
  JsonObject *item = rt2_json_object (event, "item");
  const gchar *previous = rt2_json_string (event, "previous_item_id");
  Told *told = g_new0 (Told, 1);
  guint place = 0;

  told->id = g_strdup (rt2_json_string (item, "id"));
  told->call_id = g_strdup (rt2_json_string (item, "call_id"));
  told->what = describe (item);
  g_assert_nonnull (told->id);
  g_assert_cmpuint (strlen (told->id), <=, 32);
  g_assert_cmpuint (told->call_id ? strlen (told->call_id) : 0, <=, 32);
  g_assert_cmpuint (model_find (model, told->id), ==, 0);
  g_assert_nonnull (previous);
  if (!g_str_equal (previous, "root")) {
    place = model_find (model, previous);
    g_assert_cmpuint (place, >, 0);
  }
  if (g_str_has_prefix (told->what, "output "))
    g_assert_true (model_has_call (model, told->call_id));
  g_ptr_array_insert (model->items, place, told);
}

/* Carries out @json. */
static void
model_take (Model *model, const gchar *json)
{
  g_autoptr (GError) error = NULL;
  JsonObject *event = rt2_json_parse_object (json, strlen (json), &error);
  const gchar *type = rt2_json_string (event, "type");

  g_assert_no_error (error);
  g_assert_null (strchr (json, '\n'));
  g_assert_true (g_hash_table_add (
      model->used, g_strdup (rt2_json_string (event, "event_id"))));
  model->n_events++;
  if (g_str_equal (type, "conversation.item.delete")) {
    guint place = model_find (model, rt2_json_string (event, "item_id"));

    g_assert_cmpuint (place, >, 0);
    g_ptr_array_remove_index (model->items, place - 1);
  } else {
    g_assert_cmpstr (type, ==, "conversation.item.create");
    model_create (model, event);
  }
  json_object_unref (event);
}

static const gchar *
new_id (gpointer user_data)
{
  static gchar id[32];
  guint *n = user_data;

  g_snprintf (id, sizeof id, "e%u", ++*n);
  return id;
}

/* -- a room ---------------------------------------------------------------- */

typedef struct {
  Rt2Conversation *conversation;
  Rt2Seed *seed;
  Rt2SeedPolicy policy;
  Model *model;
  guint ids;
} Room;

static Room *
room_new (void)
{
  Room *room = g_new0 (Room, 1);

  room->conversation = rt2_conversation_new ();
  room->seed = rt2_seed_new ();
  room->model = model_new ();
  return room;
}

static void
room_free (Room *room)
{
  rt2_conversation_free (room->conversation);
  rt2_seed_free (room->seed);
  model_free (room->model);
  g_free (room);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Room, room_free)

/* Tells the model what is new; how many events that took. */
static guint
tell (Room *room)
{
  g_autoptr (GPtrArray) events = rt2_seed_update (
      room->seed, room->conversation, &room->policy, new_id, &room->ids);

  for (guint i = 0; i < events->len; i++)
    model_take (room->model, g_ptr_array_index (events, i));
  return events->len;
}

/* What the model was told must be this, in order, behind the note: "id what",
 * one line for each. */
static void
assert_told (Room *room, const gchar *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);

  for (guint i = 0; i < room->model->items->len; i++) {
    const Told *told = g_ptr_array_index (room->model->items, i);

    if (i == 0)
      g_assert_cmpstr (told->id, ==, NOTE);
    else
      g_string_append_printf (all, "%s %s\n", told->id, told->what);
  }
  g_assert_cmpstr (all->str, ==, expected);
}

static const gchar *
note_of (Room *room)
{
  return ((Told *) g_ptr_array_index (room->model->items, 0))->what;
}

static Rt2ConversationItem *
message (Room *room, const gchar *id, Rt2Role role, const gchar *text)
{
  Rt2Item item = { .id = (gchar *) id,
    .type = RT2_ITEM_MESSAGE,
    .status = RT2_STATUS_COMPLETED,
    .role = role,
    .text = (gchar *) text };

  return rt2_conversation_note (room->conversation, &item, NULL, NULL, 0);
}

static void
call (Room *room, const gchar *id, const gchar *call_id, const gchar *name)
{
  Rt2Item item = { .id = (gchar *) id,
    .type = RT2_ITEM_FUNCTION_CALL,
    .status = RT2_STATUS_COMPLETED,
    .call_id = (gchar *) call_id,
    .name = (gchar *) name,
    .arguments = (gchar *) "{}" };

  rt2_conversation_note (room->conversation, &item, NULL, "R", 0);
}

static void
output (Room *room, const gchar *id, const gchar *call_id)
{
  rt2_conversation_add_output (room->conversation, id, call_id, "42");
}

static void
image (Room *room, const gchar *id)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("\x89PN", 3);

  rt2_conversation_add_image (
      room->conversation, id, bytes, "image/png", "low");
}

/* -- what is told ---------------------------------------------------------- */

static void
test_empty (void)
{
  g_autoptr (Room) room = room_new ();
  Rt2Item listing = { .id = (gchar *) "M", .type = RT2_ITEM_MCP_LIST_TOOLS };

  g_assert_cmpuint (tell (room), ==, 0);
  message (room, "U1", RT2_ROLE_USER, NULL);
  message (room, "U2", RT2_ROLE_USER, " \n\t");
  message (room, "A1", RT2_ROLE_ASSISTANT, "");
  rt2_conversation_note (room->conversation, &listing, NULL, NULL, 0);
  call (room, "F1", "c1", "f");
  output (room, "O2", "c2");
  g_assert_cmpuint (tell (room), ==, 0);
  g_assert_false (rt2_seed_has (room->seed, "U1"));
}

static void
test_kinds (void)
{
  g_autoptr (Room) room = room_new ();
  g_autoptr (GBytes) voice = g_bytes_new_static ("\1\2\3", 3);

  message (room, "U1", RT2_ROLE_USER, "How \"many\"?");
  call (room, "F1", "c1", "count");
  output (room, "O1", "c1");
  message (room, "A1", RT2_ROLE_ASSISTANT, "42.");
  image (room, "I1");
  message (room, "S1", RT2_ROLE_SYSTEM, "Be brief.");
  message (room, "U2", RT2_ROLE_USER, NULL);
  rt2_conversation_set_audio (
      room->conversation, "U2", voice, RT2_AUDIO_FORMAT_PCM16);
  g_assert_cmpuint (tell (room), ==, 8);
  assert_told (room,
      "U1 user: How \"many\"?\nF1 call count {}\nO1 output 42\n"
      "A1 assistant: 42.\nI1 image data:image/png;base64,iVBO\n"
      "S1 system: Be brief.\nU2 audio AQID\n");
  g_assert_cmpuint (tell (room), ==, 0);
  g_assert_true (rt2_seed_has (room->seed, "U1"));
}

/* Audio is of use where its format is, and until there are words for it. */
static void
test_audio (void)
{
  g_autoptr (Room) room = room_new ();
  g_autoptr (GBytes) voice = g_bytes_new_static ("\1\2\3", 3);

  message (room, "U1", RT2_ROLE_USER, NULL);
  rt2_conversation_set_audio (
      room->conversation, "U1", voice, RT2_AUDIO_FORMAT_PCMU);
  message (room, "A1", RT2_ROLE_ASSISTANT, NULL);
  rt2_conversation_set_audio (
      room->conversation, "A1", voice, RT2_AUDIO_FORMAT_PCM16);
  g_assert_cmpuint (tell (room), ==, 0);
  room->policy.input_format = RT2_AUDIO_FORMAT_PCMU;
  tell (room);
  assert_told (room, "U1 audio AQID\n");
  rt2_conversation_set_text (room->conversation, "U1", "Hi.");
  tell (room);
  assert_told (room, "U1 user: Hi.\n");
}

static void
say (Room *room, const gchar *id)
{
  g_autoptr (GBytes) voice = g_bytes_new_static ("\1\2\3", 3);

  message (room, id, RT2_ROLE_USER, NULL);
  rt2_conversation_set_audio (
      room->conversation, id, voice, RT2_AUDIO_FORMAT_PCM16);
}

static gboolean
has_voice (Room *room, const gchar *id)
{
  return rt2_conversation_find (room->conversation, id)->audio != NULL;
}

/* A voice that no server will be told is forgotten, but not that it was there;
 * what can be told stays to the last. */
static void
test_old_voices (void)
{
  g_autoptr (Room) room = room_new ();

  say (room, "U1");
  say (room, "U2");
  message (room, "A1", RT2_ROLE_ASSISTANT, "42.");
  image (room, "I1");
  call (room, "F1", "c1", "count");
  rt2_seed_forget_voices (room->conversation, &room->policy);
  g_assert_true (has_voice (room, "U1"));
  room->policy.history_limit = 2;
  /* The picture and the call may yet be left out. */
  rt2_seed_forget_voices (room->conversation, &room->policy);
  g_assert_false (has_voice (room, "U1"));
  g_assert_true (has_voice (room, "U2"));
  g_assert_cmpuint (rt2_conversation_n_dropped (room->conversation), ==, 1);
  room->policy.history_limit = 3;
  g_assert_cmpuint (
      rt2_seed_count_left_out (room->conversation, &room->policy), ==, 1);
  tell (room);
  assert_told (room,
      "U2 audio AQID\nA1 assistant: 42.\nI1 image data:image/png;base64,"
      "iVBO\n");
  rt2_conversation_set_text (room->conversation, "U1", "Hi.");
  room->policy.history_limit = 0;
  g_assert_cmpuint (
      rt2_seed_count_left_out (room->conversation, &room->policy), ==, 0);
}

/* What changed is made again in its place, and nothing else. */
static void
test_changes (void)
{
  g_autoptr (Room) room = room_new ();

  message (room, "U1", RT2_ROLE_USER, "One");
  message (room, "A1", RT2_ROLE_ASSISTANT, "Two and three");
  message (room, "U2", RT2_ROLE_USER, "Four");
  tell (room);
  rt2_conversation_set_heard (room->conversation, "A1", "Two");
  g_assert_cmpuint (tell (room), ==, 2);
  assert_told (room, "U1 user: One\nA1 assistant: Two\nU2 user: Four\n");
  rt2_conversation_remove (room->conversation, "U1");
  g_assert_cmpuint (tell (room), ==, 1);
  message (room, "A2", RT2_ROLE_ASSISTANT, "Five");
  g_assert_cmpuint (tell (room), ==, 1);
  assert_told (room, "A1 assistant: Two\nU2 user: Four\nA2 assistant: Five\n");
}

/* A call is told once its output is there, both or none. */
static void
test_pairs (void)
{
  g_autoptr (Room) room = room_new ();

  call (room, "F1", "c1", "f");
  call (room, "F2", "c2", "g");
  output (room, "O2", "c2");
  message (room, "A1", RT2_ROLE_ASSISTANT, "Done.");
  tell (room);
  assert_told (room, "F2 call g {}\nO2 output 42\nA1 assistant: Done.\n");
  output (room, "O1", "c1");
  g_assert_cmpuint (tell (room), ==, 2);
  assert_told (room,
      "F1 call f {}\nF2 call g {}\nO2 output 42\nA1 assistant: Done.\n"
      "O1 output 42\n");
  rt2_conversation_remove (room->conversation, "F2");
  g_assert_cmpuint (tell (room), ==, 2);
  g_assert_false (model_has_call (room->model, "c2"));
}

/* An output before its call, and the same call twice: one whole pair at most.
 */
static void
test_odd_pairs (void)
{
  g_autoptr (Room) room = room_new ();

  output (room, "O1", "c1");
  call (room, "F1", "c1", "f");
  call (room, "F2", "c2", "g");
  call (room, "F3", "c2", "g");
  output (room, "O2", "c2");
  output (room, "O3", "c2");
  message (room, "U1", RT2_ROLE_USER, "Hi");
  tell (room);
  assert_told (room, "F3 call g {}\nO3 output 42\nU1 user: Hi\n");
}

static void
test_limit (void)
{
  g_autoptr (Room) room = room_new ();

  for (guint i = 0; i < 9; i++) {
    g_autofree gchar *id = g_strdup_printf ("U%u", i);

    message (room, id, RT2_ROLE_USER, id);
    if (i == 6)
      call (room, "F", "c", "f");
    if (i == 6)
      output (room, "O", "c");
  }
  room->policy.history_limit = 3;
  tell (room);
  /* Half a call is none. */
  assert_told (room, "U7 user: U7\nU8 user: U8\n");
  g_assert_nonnull (strstr (note_of (room), " 9 older items"));
  room->policy.summary = "They count.";
  room->policy.summary_of = 9;
  g_assert_cmpuint (tell (room), ==, 2);
  g_assert_nonnull (strstr (note_of (room), "They count."));
  g_assert_null (strstr (note_of (room), "left out"));
  /* What came after it, and is not told either, is counted. */
  room->policy.summary_of = 7;
  g_assert_cmpuint (tell (room), ==, 2);
  g_assert_nonnull (strstr (note_of (room), "They count."));
  g_assert_nonnull (strstr (note_of (room), " 2 items are left out"));
  room->policy.history_limit = 0;
  room->policy.summary = NULL;
  tell (room);
  g_assert_cmpuint (room->model->items->len, ==, 12);
  g_assert_null (strstr (note_of (room), "older"));
  g_assert_nonnull (strstr (note_of (room), "not greet"));
}

static void
test_images (void)
{
  g_autoptr (Room) room = room_new ();

  for (guint i = 0; i < 6; i++) {
    g_autofree gchar *id = g_strdup_printf ("I%u", i);

    image (room, id);
  }
  tell (room);
  g_assert_cmpuint (room->model->items->len, ==, 1 + RT2_SEED_IMAGES);
  g_assert_cmpuint (model_find (room->model, "I2"), ==, 2);
  room->policy.image_keep = 1;
  tell (room);
  g_assert_cmpuint (room->model->items->len, ==, 2);
  g_assert_cmpuint (model_find (room->model, "I5"), ==, 2);
}

/* Ids that a client can't give. */
static void
test_long_ids (void)
{
  g_autoptr (Room) room = room_new ();
  g_autofree gchar *id = g_strnfill (33, 'i');
  g_autofree gchar *call_id = g_strnfill (200, 'c');
  Rt2ConversationItem *item;

  message (room, id, RT2_ROLE_USER, "Hi");
  call (room, "F", call_id, "f");
  output (room, "O", call_id);
  tell (room);
  g_assert_cmpuint (room->model->items->len, ==, 4);
  rt2_seed_mark (room->seed, room->conversation);
  item = rt2_conversation_find (room->conversation, id);
  g_assert_nonnull (item);
  g_assert_cmpuint (model_find (room->model, item->id), ==, 2);
  g_assert_true (item->restored && item->present);
  g_assert_cmpuint (tell (room), ==, 0);
  g_assert_true (rt2_conversation_remove (room->conversation, id));
}

static void
test_mark (void)
{
  g_autoptr (Room) room = room_new ();
  const Rt2ConversationItem *told, *untold;

  told = message (room, "U1", RT2_ROLE_USER, "Hi");
  untold = message (room, "U2", RT2_ROLE_USER, NULL);
  tell (room);
  g_assert_false (told->restored);
  rt2_seed_mark (room->seed, room->conversation);
  g_assert_true (told->restored && told->present);
  g_assert_false (untold->restored || untold->present);
  /* Made anew there, it is deleted and comes back. */
  rt2_conversation_deleted (room->conversation, "U1");
  g_assert_true (told->gone);
  message (room, "U1", RT2_ROLE_USER, "Hi");
  g_assert_false (told->gone);
  rt2_conversation_deleted (room->conversation, "U1");
  rt2_conversation_disconnected (room->conversation);
  g_assert_null (rt2_conversation_find (room->conversation, "U1"));
  g_assert_false (untold->present);
}

/* -- at random ------------------------------------------------------------- */

static void
change (Room *room, GRand *rand, guint *next)
{
  g_autofree gchar *id = g_strdup_printf ("i%u", ++*next);
  g_autofree gchar *old = g_strdup_printf (
      "i%d", g_rand_int_range (rand, 0, *next + 1));
  g_autofree gchar *call_id = g_strdup_printf (
      "c%d", g_rand_int_range (rand, 0, 8));
  Rt2Item item = { .id = id,
    .type = RT2_ITEM_MESSAGE,
    .role = g_rand_int_range (rand, 1, 4),
    .text = id };

  switch (g_rand_int_range (rand, 0, 9)) {
    case 0:
      rt2_conversation_remove (room->conversation, old);
      break;
    case 1:
      rt2_conversation_set_text (room->conversation, old, id);
      break;
    case 2:
      rt2_conversation_set_heard (
          room->conversation, old, g_rand_boolean (rand) ? "" : id);
      break;
    case 3:
      call (room, id, call_id, "f");
      break;
    case 4:
      output (room, id, call_id);
      break;
    case 5:
      image (room, id);
      break;
    case 6:
      room->policy.history_limit = g_rand_int_range (rand, 0, 40);
      break;
    default:
      rt2_conversation_note (room->conversation, &item, old, NULL, 0);
  }
}

/* A server that was told bit by bit knows what one that is told now does. */
static void
assert_same (Room *room)
{
  Model *before = room->model;
  Rt2Seed *seed = room->seed;

  room->model = model_new ();
  room->seed = rt2_seed_new ();
  tell (room);
  g_assert_cmpuint (before->items->len, ==, room->model->items->len);
  for (guint i = 0; i < before->items->len; i++) {
    const Told *a = g_ptr_array_index (before->items, i);
    const Told *b = g_ptr_array_index (room->model->items, i);

    g_assert_cmpstr (a->id, ==, b->id);
    g_assert_cmpstr (a->what, ==, b->what);
  }
  model_free (room->model);
  rt2_seed_free (room->seed);
  room->model = before;
  room->seed = seed;
}

static void
test_random (void)
{
  for (guint run = 0; run < 60; run++) {
    g_autoptr (Room) room = room_new ();
    g_autoptr (GRand) rand = g_rand_new_with_seed (run);
    guint next = 0;

    for (guint step = 0; step < 60; step++) {
      for (gint n = g_rand_int_range (rand, 1, 6); n > 0; n--)
        change (room, rand, &next);
      tell (room);
      assert_same (room);
      g_assert_cmpuint (tell (room), ==, 0);
    }
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function) g_test_add_func ("/seed/" name, function)
  ADD ("empty", test_empty);
  ADD ("kinds", test_kinds);
  ADD ("audio", test_audio);
  ADD ("old-voices", test_old_voices);
  ADD ("changes", test_changes);
  ADD ("pairs", test_pairs);
  ADD ("pairs/odd", test_odd_pairs);
  ADD ("limit", test_limit);
  ADD ("images", test_images);
  ADD ("long-ids", test_long_ids);
  ADD ("mark", test_mark);
  ADD ("random", test_random);
  return g_test_run ();
}
