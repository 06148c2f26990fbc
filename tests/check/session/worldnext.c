/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session in the background: it is asked for, configured, told of the
 * conversation, late or refused, and one day in use.
 */
#include "world.h"

#include "rt2json.h"

/* The second oldest of the connections that there are. */
#define PLACE 1

/* What the wire does from here on it does there. FALSE if it is gone. */
static gboolean
pick (World *world)
{
  fakewire_pick (PLACE);
  if (world->next.number != 0 && fakewire_picked () == world->next.number)
    return TRUE;
  fakewire_pick (0);
  return FALSE;
}

gboolean
world_has_next (World *world)
{
  gboolean found = pick (world);

  fakewire_pick (0);
  return found;
}

void
world_next_forget (World *world)
{
  Next *next = &world->next;

  g_queue_clear_full (&next->up, (GDestroyNotify) json_object_unref);
  g_queue_clear_full (&next->down, world_packet_free);
  g_clear_pointer (&next->told, g_ptr_array_unref);
  *next = (Next){ 0 };
}

void
world_next_asked (World *world, guint number)
{
  world_next_forget (world);
  world->next.number = number;
  world->next.connection = world->connections;
  world->next.told = world_told_new ();
}

/* Nothing but what the next server must know goes there. */
void
world_next_sent (World *world, JsonObject *object, const gchar *type)
{
  Next *next = &world->next;
  JsonObject *item = rt2_json_object (object, "item");
  const gchar *call_id = rt2_json_string (item, "call_id");

  WORLD_CHECK (world, fakewire_number () == next->number);
  if (g_str_equal (type, "conversation.item.create")) {
    WORLD_CHECK (world, rt2_json_string (object, "previous_item_id"));
    WORLD_CHECK (
        world, !call_id || world_find_call (world, call_id)->outputs == 1);
    world_told_make (world, next->told, object);
  } else if (g_str_equal (type, "conversation.item.delete")) {
    world_told_delete (world, next->told, rt2_json_string (object, "item_id"));
  } else {
    WORLD_CHECK (world, g_str_equal (type, "session.update"));
  }
  g_queue_push_tail (&next->up, object);
}

gboolean
world_next_connect (World *world)
{
  gboolean connecting = pick (world) && fakewire_is_connecting ();

  if (connecting) {
    fakewire_open ();
    world_packet (
        &world->next.down, PACKET_OTHER, world_server_greeting (world));
  }
  fakewire_pick (0);
  world_run (world);
  return connecting;
}

static void
take_item (World *world, JsonObject *object, const gchar *type)
{
  JsonObject *item = rt2_json_object (object, "item");
  gboolean makes = item != NULL;

  world_packet (&world->next.down, PACKET_OTHER,
      makes ? g_strdup_printf (
          "{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"%s\","
          "\"type\":\"%s\"}}",
          rt2_json_string (item, "id"), rt2_json_string (item, "type"))
            : g_strdup_printf ("{\"type\":\"conversation.item.deleted\","
                               "\"item_id\":\"%s\"}",
                rt2_json_string (object, "item_id")));
}

gboolean
world_next_take (World *world)
{
  Next *next = &world->next;
  JsonObject *object = world_has_next (world) ? g_queue_pop_head (&next->up)
                                              : NULL;
  const gchar *type;

  if (!object)
    return FALSE;
  type = rt2_json_string (object, "type");
  if (g_str_equal (type, "session.update")) {
    next->has_vad = world_server_detection (
        object, &next->creates_answers, &next->cancels_answers);
    world_packet (&next->down, PACKET_OTHER, world_server_acceptance ());
  } else {
    take_item (world, object, type);
  }
  json_object_unref (object);
  return TRUE;
}

gboolean
world_next_deliver (World *world)
{
  Packet *packet = world_has_next (world) ? g_queue_pop_head (&world->next.down)
                                          : NULL;

  if (!packet)
    return FALSE;
  world_log (world, "<< %s", packet->json);
  if (pick (world) && fakewire_is_open ())
    fakewire_deliver (packet->json);
  fakewire_pick (0);
  world_run (world);
  world_packet_free (packet);
  return TRUE;
}

/* For good, or not. */
void
world_next_fail (World *world)
{
  static const guint codes[] = { 0, 1001, 1013, 3000 };
  guint code = codes[g_rand_int_range (world->random, 0, G_N_ELEMENTS (codes))];

  if (pick (world) && (fakewire_is_connecting () || fakewire_is_open ())) {
    world_log (world, "the next is closed, %u", code);
    fakewire_close (code, NULL);
  }
  fakewire_pick (0);
  world_run (world);
}

/* --- taken --- */

static void
restore_turns (World *world)
{
  for (guint i = 0; i < world->told->len; i++) {
    const gchar *id = rt2_json_string (
        g_ptr_array_index (world->told, i), "id");

    for (guint j = 0; j < world->items->len; j++) {
      Item *item = g_ptr_array_index (world->items, j);

      if (item->kind == ITEM_USER && g_str_equal (item->id, id))
        world_words_restored (world, item);
    }
  }
}

void
world_next_taken (World *world)
{
  Next *next = &world->next;

  world->transport = next->number;
  world->connection = next->connection;
  world->has_vad = next->has_vad;
  world->creates_answers = next->creates_answers;
  world->cancels_answers = next->cancels_answers;
  world->configured = TRUE;
  world->up = next->up;
  world->down = next->down;
  g_ptr_array_unref (world->told);
  world->told = g_steal_pointer (&next->told);
  *next = (Next){ 0 };
  restore_turns (world);
}
