/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The items of the conversation: their order, what becomes known of them, and
 * how many of them are remembered.
 */
#include "rt2conversation.h"

#include <string.h>

/* --- items as events show them --- */

static Rt2ConversationItem *
note (Rt2Conversation *conversation, const gchar *id, const gchar *previous)
{
  Rt2Item item = { (gchar *) id, RT2_ITEM_MESSAGE, RT2_STATUS_COMPLETED,
    RT2_ROLE_USER };

  return rt2_conversation_note (conversation, &item, previous, NULL, 0);
}

static Rt2ConversationItem *
note_output (Rt2Conversation *conversation, Rt2ItemType type, const gchar *id,
    const gchar *previous, const gchar *response_id, guint index)
{
  Rt2Item item = { (gchar *) id, type, RT2_STATUS_IN_PROGRESS,
    type == RT2_ITEM_MESSAGE ? RT2_ROLE_ASSISTANT : RT2_ROLE_UNKNOWN };

  return rt2_conversation_note (
      conversation, &item, previous, response_id, index);
}

static Rt2ConversationItem *
note_answer (Rt2Conversation *conversation, const gchar *id,
    const gchar *response_id, guint index)
{
  return note_output (
      conversation, RT2_ITEM_MESSAGE, id, NULL, response_id, index);
}

static void
assert_ids (GPtrArray *items, const gchar *expected)
{
  g_autoptr (GString) all = g_string_new (NULL);

  g_assert_nonnull (items);
  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    g_string_append_printf (all, "%s%s", i > 0 ? " " : "", item->id);
  }
  g_assert_cmpstr (all->str, ==, expected);
  g_ptr_array_unref (items);
}

static void
assert_order (Rt2Conversation *conversation, const gchar *expected)
{
  assert_ids (rt2_conversation_list (conversation), expected);
}

static void
assert_messages (Rt2Conversation *conversation, const gchar *response_id,
    const gchar *expected)
{
  assert_ids (
      rt2_conversation_messages_of (conversation, response_id), expected);
}

/* --- order --- */

static void
test_empty (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  assert_order (conversation, "");
  assert_messages (conversation, "r", "");
  g_assert_null (rt2_conversation_find (conversation, "a"));
  g_assert_false (rt2_conversation_remove (conversation, "a"));
  rt2_conversation_set_text (conversation, "a", "text");
  rt2_conversation_set_has_audio (conversation, "a");
  assert_order (conversation, "");
  rt2_conversation_clear (conversation);
}

static void
test_order (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note (conversation, "a", NULL);
  note (conversation, "b", NULL);
  note (conversation, "c", "b");
  assert_order (conversation, "a b c");
  note (conversation, "d", "a");
  assert_order (conversation, "a d b c");
  note (conversation, "e", "d");
  note (conversation, "f", "d");
  assert_order (conversation, "a d f e b c");
  note (conversation, "g", "never heard of");
  note (conversation, "h", NULL);
  assert_order (conversation, "a d f e b c g h");
  note (conversation, "i", "h");
  assert_order (conversation, "a d f e b c g h i");
}

/* A second sighting that says less moves nothing. */
static void
test_order_is_kept (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note (conversation, "a", NULL);
  note (conversation, "b", "a");
  note (conversation, "c", "b");
  note (conversation, "a", NULL);
  note (conversation, "b", NULL);
  note (conversation, "b", "a");
  note (conversation, "b", "never heard of");
  assert_order (conversation, "a b c");
}

/* An item that claims to follow itself. */
static void
test_own_predecessor (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note (conversation, "a", NULL);
  note (conversation, "b", "b");
  note (conversation, "a", "a");
  assert_order (conversation, "a b");
}

/* --- what is known --- */

static void
test_completed (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2Item empty = { (gchar *) "a" };
  Rt2Item done = { (gchar *) "a", RT2_ITEM_MESSAGE, RT2_STATUS_COMPLETED,
    RT2_ROLE_ASSISTANT };
  Rt2ConversationItem *a, *again;

  a = rt2_conversation_note (conversation, &empty, NULL, NULL, 0);
  g_assert_cmpstr (a->id, ==, "a");
  g_assert_true (a->id != empty.id);
  g_assert_cmpint (a->type, ==, RT2_ITEM_UNKNOWN);
  g_assert_cmpint (a->role, ==, RT2_ROLE_UNKNOWN);
  g_assert_null (a->response_id);
  g_assert_null (a->text);
  g_assert_false (a->done || a->has_audio);
  note_answer (conversation, "a", "r", 3);
  g_assert_false (a->done);
  done.text = (gchar *) "Hello";
  again = rt2_conversation_note (conversation, &done, NULL, NULL, 0);
  g_assert_true (again == a);
  g_assert_true (rt2_conversation_find (conversation, "a") == a);
  /* what a sighting does not say is not forgotten */
  rt2_conversation_note (conversation, &empty, NULL, NULL, 0);
  g_assert_cmpint (a->type, ==, RT2_ITEM_MESSAGE);
  g_assert_cmpint (a->role, ==, RT2_ROLE_ASSISTANT);
  g_assert_cmpstr (a->response_id, ==, "r");
  g_assert_cmpuint (a->output_index, ==, 3);
  note_answer (conversation, "a", "other", 4);
  g_assert_cmpstr (a->response_id, ==, "r");
  g_assert_cmpuint (a->output_index, ==, 3);
  g_assert_cmpstr (a->text, ==, "Hello");
  g_assert_true (a->text != done.text);
  g_assert_true (a->done);
  assert_order (conversation, "a");
}

/* An event that comes late does not undo the end. */
static void
test_done_stays (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2Item item = { (gchar *) "a", RT2_ITEM_MESSAGE, RT2_STATUS_COMPLETED,
    RT2_ROLE_ASSISTANT };
  Rt2ConversationItem *a;

  a = rt2_conversation_note (conversation, &item, NULL, "r", 0);
  g_assert_true (a->done);
  note_answer (conversation, "a", "r", 0);
  g_assert_true (a->done);
}

static void
test_text_and_audio (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2ConversationItem *a = note_answer (conversation, "a", "r", 0);
  Rt2ConversationItem *b = note_answer (conversation, "b", "r", 1);

  rt2_conversation_set_text (conversation, "a", "One");
  rt2_conversation_set_text (conversation, "a", "Two");
  rt2_conversation_set_text (conversation, "a", a->text);
  g_assert_cmpstr (a->text, ==, "Two");
  rt2_conversation_set_has_audio (conversation, "a");
  g_assert_true (a->has_audio);
  g_assert_null (b->text);
  g_assert_false (b->has_audio);
  note_answer (conversation, "a", "r", 0);
  g_assert_cmpstr (a->text, ==, "Two");
  g_assert_true (a->has_audio);
}

/* --- what goes --- */

static void
test_remove (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2ConversationItem *d;

  note (conversation, "a", NULL);
  note (conversation, "b", "a");
  note (conversation, "c", "b");
  g_assert_true (rt2_conversation_remove (conversation, "b"));
  g_assert_false (rt2_conversation_remove (conversation, "b"));
  g_assert_null (rt2_conversation_find (conversation, "b"));
  assert_order (conversation, "a c");
  d = note (conversation, "d", "b");
  assert_order (conversation, "a c d");
  note (conversation, "b", "a");
  assert_order (conversation, "a b c d");
  g_assert_true (rt2_conversation_remove (conversation, "a"));
  /* by its own name */
  g_assert_true (rt2_conversation_remove (conversation, d->id));
  assert_order (conversation, "b c");
}

static void
test_clear (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note (conversation, "a", NULL);
  note_answer (conversation, "b", "r", 0);
  rt2_conversation_clear (conversation);
  assert_order (conversation, "");
  assert_messages (conversation, "r", "");
  g_assert_null (rt2_conversation_find (conversation, "b"));
  note (conversation, "b", "a");
  assert_order (conversation, "b");
  g_assert_null (rt2_conversation_find (conversation, "b")->response_id);
}

/* The oldest goes when there is one too many; the others stay where they are,
 * also in memory. */
static void
test_bound (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2ConversationItem *kept = NULL;
  g_autoptr (GPtrArray) items = NULL;
  guint extra = 500;

  for (guint i = 0; i < RT2_CONVERSATION_MAX_ITEMS + extra; i++) {
    g_autofree gchar *id = g_strdup_printf ("i%u", i);
    Rt2ConversationItem *item = note (conversation, id, NULL);

    g_assert_cmpstr (item->id, ==, id);
    if (i == extra)
      kept = item;
  }
  items = rt2_conversation_list (conversation);
  g_assert_cmpuint (items->len, ==, RT2_CONVERSATION_MAX_ITEMS);
  g_assert_cmpuint (rt2_conversation_n_dropped (conversation), ==, extra);
  for (guint i = 0; i < items->len; i++) {
    g_autofree gchar *id = g_strdup_printf ("i%u", extra + i);
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    g_assert_cmpstr (item->id, ==, id);
  }
  g_assert_null (rt2_conversation_find (conversation, "i499"));
  g_assert_true (rt2_conversation_find (conversation, "i500") == kept);
  note (conversation, "i1499", NULL);
  g_assert_true (rt2_conversation_find (conversation, "i500") == kept);
  note (conversation, "z", "i499");
  g_assert_null (rt2_conversation_find (conversation, "i500"));
  g_assert_nonnull (rt2_conversation_find (conversation, "z"));
}

/* --- the messages of a response --- */

static void
test_messages (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note (conversation, "u", NULL);
  note_answer (conversation, "a", "r", 0);
  note_output (conversation, RT2_ITEM_FUNCTION_CALL, "f", "a", "r", 1);
  note_answer (conversation, "s", "s", 0);
  note_answer (conversation, "b", "r", 2);
  note_output (conversation, RT2_ITEM_MCP_CALL, "m", NULL, "r", 3);
  assert_messages (conversation, "r", "a b");
  assert_messages (conversation, "s", "s");
  assert_messages (conversation, "t", "");
  rt2_conversation_remove (conversation, "a");
  assert_messages (conversation, "r", "b");
}

/* The response says in which order its items stand, not their arrival. */
static void
test_messages_out_of_order (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;

  note_answer (conversation, "c", "r", 2);
  note_answer (conversation, "a", "r", 0);
  note_answer (conversation, "b", "r", 1);
  assert_messages (conversation, "r", "a b c");
}

/* An item is seen in the conversation before its response claims it. */
static void
test_messages_claimed_late (Rt2Conversation **fixture, gconstpointer data)
{
  Rt2Conversation *conversation = *fixture;
  Rt2Item item = { (gchar *) "a", RT2_ITEM_MESSAGE, RT2_STATUS_IN_PROGRESS,
    RT2_ROLE_ASSISTANT };

  rt2_conversation_note (conversation, &item, NULL, NULL, 0);
  assert_messages (conversation, "r", "");
  note_answer (conversation, "a", "r", 0);
  assert_messages (conversation, "r", "a");
  rt2_conversation_note (conversation, &item, NULL, NULL, 0);
  assert_messages (conversation, "r", "a");
}

/* --- */

static void
set_up (Rt2Conversation **fixture, gconstpointer data)
{
  *fixture = rt2_conversation_new ();
}

static void
tear_down (Rt2Conversation **fixture, gconstpointer data)
{
  rt2_conversation_free (*fixture);
}

#define ADD(path, function)                                                    \
  g_test_add ("/conversation/" path, Rt2Conversation *, NULL, set_up,          \
      function, tear_down)

/* --- what is kept for another server --- */

static const gchar *
text_of (Rt2Conversation *conversation, const gchar *id)
{
  return rt2_conversation_find (conversation, id)->text;
}

/* An answer says what came of it, until it is stated, or heard. */
static void
test_words (void)
{
  Rt2Conversation *conversation = rt2_conversation_new ();
  Rt2Item whole = { (gchar *) "A", RT2_ITEM_MESSAGE, RT2_STATUS_COMPLETED,
    RT2_ROLE_ASSISTANT, .text = (gchar *) "One, two, three" };

  rt2_conversation_add_text (conversation, "A", "lost");
  note_answer (conversation, "A", "R", 0);
  rt2_conversation_add_text (conversation, "A", "One");
  rt2_conversation_add_text (conversation, "A", ", two");
  g_assert_cmpstr (text_of (conversation, "A"), ==, "One, two");
  rt2_conversation_note (conversation, &whole, NULL, NULL, 0);
  rt2_conversation_add_text (conversation, "A", ", four");
  g_assert_cmpstr (text_of (conversation, "A"), ==, "One, two, three");
  rt2_conversation_set_heard (conversation, "A", "One");
  rt2_conversation_note (conversation, &whole, NULL, NULL, 0);
  rt2_conversation_set_text (conversation, "A", "One, two, three");
  g_assert_cmpstr (text_of (conversation, "A"), ==, "One");
  rt2_conversation_free (conversation);
}

/* A server that never ends an answer, and one with a word without end. */
static void
test_words_bounded (void)
{
  Rt2Conversation *conversation = rt2_conversation_new ();
  g_autofree gchar *longest = g_strnfill (RT2_CONVERSATION_MAX_TEXT - 1, 'x');
  g_autofree gchar *more = g_strconcat (longest, "\u00e4\u00e4", NULL);

  note_answer (conversation, "A", "R", 0);
  for (guint i = 0; i < 2000; i++)
    rt2_conversation_add_text (conversation, "A", "a thousand words or so ");
  rt2_conversation_add_text (conversation, "A", longest);
  g_assert_cmpuint (strlen (text_of (conversation, "A")), ==, 2000 * 23);
  g_assert_cmpuint (rt2_conversation_bytes (conversation), <, 200 * 1024);
  rt2_conversation_set_text (conversation, "A", more);
  g_assert_cmpstr (text_of (conversation, "A"), ==, longest);
  rt2_conversation_free (conversation);
}

static void
note_call (Rt2Conversation *conversation, const gchar *id, const gchar *call_id)
{
  Rt2Item item = { (gchar *) id, RT2_ITEM_FUNCTION_CALL, RT2_STATUS_COMPLETED,
    .call_id = (gchar *) call_id, .name = (gchar *) "f",
    .arguments = (gchar *) "{}" };

  rt2_conversation_note (conversation, &item, NULL, "R", 0);
}

/* The oldest make room for the bytes of the newest, a call with its output. */
static void
test_bytes_bounded (void)
{
  Rt2Conversation *conversation = rt2_conversation_new ();
  g_autoptr (GBytes)
      bytes = g_bytes_new_take (g_malloc0 (8 * 1024 * 1024), 8 * 1024 * 1024);

  note_call (conversation, "F", "c");
  note (conversation, "U", NULL);
  rt2_conversation_add_output (conversation, "O", "c", "42");
  for (guint i = 0; i < 4; i++) {
    g_autofree gchar *id = g_strdup_printf ("I%u", i);

    rt2_conversation_add_image (conversation, id, bytes, "image/png", NULL);
    g_assert_cmpuint (
        rt2_conversation_bytes (conversation), <=, RT2_CONVERSATION_MAX_BYTES);
  }
  assert_order (conversation, "I1 I2 I3");
  g_assert_cmpuint (rt2_conversation_n_dropped (conversation), ==, 4);
  /* Of voices there is less. */
  rt2_conversation_set_audio (
      conversation, "I3", bytes, RT2_AUDIO_FORMAT_PCM16);
  g_assert_null (rt2_conversation_find (conversation, "I3")->audio);
  assert_order (conversation, "I2 I3");
  /* The voice, and an item that had no room beside it. */
  g_assert_cmpuint (rt2_conversation_n_dropped (conversation), ==, 6);
  rt2_conversation_clear (conversation);
  g_assert_cmpuint (rt2_conversation_bytes (conversation), ==, 0);
  rt2_conversation_free (conversation);
}

/* With the call of a pair goes its output. */
static void
test_pairs_bounded (void)
{
  Rt2Conversation *conversation = rt2_conversation_new ();

  note_call (conversation, "F", "c");
  rt2_conversation_add_output (conversation, "O", "c", "42");
  for (guint i = 0; i < RT2_CONVERSATION_MAX_ITEMS - 1; i++) {
    g_autofree gchar *id = g_strdup_printf ("U%u", i);

    note (conversation, id, NULL);
  }
  g_assert_null (rt2_conversation_find (conversation, "F"));
  g_assert_null (rt2_conversation_find (conversation, "O"));
  g_assert_nonnull (rt2_conversation_find (conversation, "U0"));
  g_assert_cmpuint (rt2_conversation_n_dropped (conversation), ==, 2);
  rt2_conversation_free (conversation);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("empty", test_empty);
  ADD ("order/previous", test_order);
  ADD ("order/kept", test_order_is_kept);
  ADD ("order/own-predecessor", test_own_predecessor);
  ADD ("known/completed", test_completed);
  ADD ("known/done-stays", test_done_stays);
  ADD ("known/text-and-audio", test_text_and_audio);
  ADD ("remove", test_remove);
  ADD ("clear", test_clear);
  ADD ("bound", test_bound);
  ADD ("messages/of", test_messages);
  ADD ("messages/out-of-order", test_messages_out_of_order);
  ADD ("messages/claimed-late", test_messages_claimed_late);
  g_test_add_func ("/conversation/words", test_words);
  g_test_add_func ("/conversation/words/bounded", test_words_bounded);
  g_test_add_func ("/conversation/bytes/bounded", test_bytes_bounded);
  g_test_add_func ("/conversation/pairs/bounded", test_pairs_bounded);
  return g_test_run ();
}
