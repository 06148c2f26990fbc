/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text pads whose neighbours do not keep up: one that never takes a buffer, one
 * that is slow. What waits for them is bounded, that something was dropped is
 * told, and nobody else notices.
 *
 * soak-textpads [N]: items that are spoken
 */
#include "soak.h"
#include "soakheap.h"

#define SHORT 500
#define BATCH 20
/* Of what waits on a pad, see rt2caption.h. */
#define WAITING 256
/* Samples of an item. */
#define SAMPLES "48"
/* Items that may be sent before they are heard: nobody drops any of these. */
#define AHEAD 100
/* us that the slow one takes for a buffer. */
#define SLOWNESS 20000
#define LONG 5000 /* items from which on the limit holds */
#define LIMIT 4   /* bytes per item */
/* What goes up and down by some KB is a slope over a few items. */
#define ROUGH_LIMIT 100

static SoakPeer *peer;
static guint n_items = SHORT;

typedef struct {
  Stage *stage;
  GMutex lock;
  GCond opened;
  /* Under the lock, as all below. */
  gboolean open;       /* the one that blocks does not any more */
  guint blocked, slow; /* buffers that came to these, */
  guint free;          /* and to the one that keeps up */
  guint gaps;          /* places where src was not where it should be */
  GstClockTime next;   /* where it should be, or NONE */
} Pads;

/* --- neighbours --- */

static GstPadProbeReturn
block (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Pads *pads = data;

  g_mutex_lock (&pads->lock);
  pads->blocked++;
  while (!pads->open)
    g_cond_wait (&pads->opened, &pads->lock);
  g_mutex_unlock (&pads->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
dawdle (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Pads *pads = data;
  gboolean open;

  g_mutex_lock (&pads->lock);
  pads->slow++;
  open = pads->open;
  g_mutex_unlock (&pads->lock);
  if (!open)
    g_usleep (SLOWNESS);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
take (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Pads *pads = data;

  g_mutex_lock (&pads->lock);
  pads->free++;
  g_mutex_unlock (&pads->lock);
  return GST_PAD_PROBE_OK;
}

static GstPadProbeReturn
watch (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  Pads *pads = data;
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);

  g_mutex_lock (&pads->lock);
  pads->gaps += GST_CLOCK_TIME_IS_VALID (pads->next)
      && GST_BUFFER_PTS (buffer) != pads->next;
  pads->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_mutex_unlock (&pads->lock);
  return GST_PAD_PROBE_OK;
}

static void
add_probe (Pads *pads, const gchar *name, GstPadProbeCallback callback)
{
  GstPad *pad = stage_get_pad (pads->stage, "ai", name);

  gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, pads, NULL);
  gst_object_unref (pad);
}

/* --- the test --- */

static void
pads_init (Pads *pads)
{
  g_autofree gchar *uri = soak_peer_dup_uri (soak_peer_do (peer, "port"));

  *pads = (Pads){ .next = GST_CLOCK_TIME_NONE };
  g_mutex_init (&pads->lock);
  g_cond_init (&pads->opened);
  pads->stage = stage_new (
      "realtime2 name=ai uri=%s text_src_0::sync=arrival "
      "text_src_1::sync=arrival ! "
      "fakesink sync=false async=false "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! fakesink async=false "
      "ai.text_src_1 ! text/x-raw,format=utf8 ! fakesink async=false "
      "ai.text_src_2 ! text/x-raw,format=utf8 ! fakesink async=false",
      uri);
  add_probe (pads, "text_src_0", block);
  add_probe (pads, "text_src_1", dawdle);
  add_probe (pads, "text_src_2", take);
  add_probe (pads, "src", watch);
  stage_play (pads->stage);
  stage_wait (pads->stage, "realtime2/session-updated");
}

static guint
read_count (Pads *pads, const guint *count)
{
  guint n;

  g_mutex_lock (&pads->lock);
  n = *count;
  g_mutex_unlock (&pads->lock);
  return n;
}

static void
wait_for (Pads *pads, const guint *count, guint n)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / 1000;

  while (read_count (pads, count) < n) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
}

static void
open_all (Pads *pads)
{
  g_mutex_lock (&pads->lock);
  pads->open = TRUE;
  g_cond_broadcast (&pads->opened);
  g_mutex_unlock (&pads->lock);
}

static void
pads_clear (Pads *pads)
{
  stage_free (pads->stage);
  g_mutex_clear (&pads->lock);
  g_cond_clear (&pads->opened);
}

/* How many items the messages of the bus say are dropped; passes all. */
static guint
count_dropped (Stage *stage)
{
  guint dropped = 0;

  stage_collect (stage);
  stage->next = stage->messages->len;
  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    guint n;

    if (fields && gst_structure_has_name (fields, "realtime2/overrun")
        && g_strcmp0 (gst_structure_get_string (fields, "reason"), "text-pad")
            == 0
        && gst_structure_get_uint (fields, "dropped-items", &n))
      dropped += n;
  }
  return dropped;
}

static void
test_text_pads (void)
{
  guint dropped = 0, total = SOAK_MEMORY + n_items;
  SoakHeap heap;
  Pads pads;

  soak_heap_init (&heap, "item");
  pads_init (&pads);
  for (guint i = 1; i <= total; i++) {
    soak_peer_do (peer, "answer " SAMPLES " " SAMPLES);
    soak_peer_do (peer, "go " SAMPLES);
    stage_wait (pads.stage, "realtime2/response-done");
    /* No faster than they are spoken. */
    wait_for (&pads, &pads.free, i - MIN (i, AHEAD));
    if (i % BATCH != 0)
      continue;
    dropped += count_dropped (pads.stage);
    soak_forget (peer, pads.stage);
    soak_heap_note (&heap, i);
  }
  g_print ("# %u items: %u told to be dropped; %u, %u and %u buffers taken\n",
      total, dropped, read_count (&pads, &pads.blocked),
      read_count (&pads, &pads.slow), read_count (&pads, &pads.free));
  g_assert_cmpuint (read_count (&pads, &pads.blocked), ==, 1);
  g_assert_cmpuint (read_count (&pads, &pads.gaps), ==, 0);
  /* All that does not wait, but for what is told with the next. */
  g_assert_cmpuint (dropped, >=, total - WAITING - 1 - BATCH);
  soak_heap_check (&heap, SOAK_MEMORY, n_items < LONG ? ROUGH_LIMIT : LIMIT);
  open_all (&pads);
  wait_for (&pads, &pads.blocked, WAITING);
  soak_heap_clear (&heap);
  pads_clear (&pads);
}

int
main (int argc, char *argv[])
{
  peer = soak_init (argc, argv, &n_items);
  g_test_add_func ("/soak/textpads", test_text_pads);
  return soak_run (peer);
}
