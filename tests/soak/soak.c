/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What soak tests have in common.
 */
#include "soak.h"

#include <stdlib.h>

SoakPeer *
soak_init (int argc, char **argv, guint *n)
{
  SoakPeer *peer = soak_peer_new (argc, argv);

  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  soak_peer_hush ();
  if (argc > 1)
    *n = atoi (argv[1]);
  return peer;
}

int
soak_run (SoakPeer *peer)
{
  int status = g_test_run ();

  soak_peer_free (peer);
  return status;
}

void
soak_forget (SoakPeer *peer, Stage *stage)
{
  stage_expect_no_error (stage);
  g_ptr_array_remove_range (stage->messages, 0, stage->next);
  stage->next = 0;
  soak_peer_do (peer, "forget");
}

void
soak_sync (SoakPeer *peer, Stage *stage)
{
  soak_peer_do (peer,
      "send {\"type\":\"rate_limits.updated\",\"event_id\":\"e\","
      "\"rate_limits\":[]}");
  stage_wait (stage, "realtime2/rate-limits");
}

void
soak_fill_memory (SoakPeer *peer, Stage *stage)
{
  for (guint i = 0; i < SOAK_MEMORY; i++) {
    soak_peer_do (peer, "answer 24 24");
    soak_peer_do (peer, "go 24");
    stage_wait (stage, "realtime2/response-done");
    if (i % 50 == 0)
      soak_forget (peer, stage);
  }
}
