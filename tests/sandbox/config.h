/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session object: defaults, session.update, and the settings that the
 * other rooms need of it. */
#ifndef SANDBOX_CONFIG_H
#define SANDBOX_CONFIG_H

#include "audio.h"
#include "wire.h"

G_BEGIN_DECLS

typedef enum {
  SESSION_REALTIME,
  SESSION_TRANSCRIPTION,
  SESSION_TRANSLATION,
} SessionKind;

typedef enum { TURN_MANUAL, TURN_SERVER, TURN_SEMANTIC } TurnKind;

typedef struct {
  TurnKind kind;
  gdouble threshold; /* 0..1 */
  guint prefix_ms;
  guint silence_ms; /* for semantic_vad: by eagerness */
  guint idle_ms;    /* 0: no idle timeout */
  gboolean create_response;
  gboolean interrupt_response;
  gboolean listen; /* words are heard while audio comes; manual turns only */
} TurnSettings;

typedef struct {
  SessionKind kind;
  JsonObject *session; /* as the wire shows it; owned */

  /* Read from it after each update; strings belong to it. */
  TurnSettings turns;
  AudioFormat input_format;
  AudioFormat output_format;
  const gchar *voice;
  gdouble speed;
  gboolean text_only;
  const gchar *transcription_model; /* NULL: no transcription */
  guint transcription_delay_ms;     /* of live words, by "delay" */
  const gchar *language;            /* of a translation */
  const gchar *instructions;

  gboolean any_model;   /* deployments have names of their own */
  gboolean tracing_set; /* tracing was enabled or disabled: locked */
} Config;

/* What has happened that forbids a change. */
typedef struct {
  gboolean audio_received;
  gboolean audio_sent;
  gboolean responding;
} ConfigLocks;

Config *config_new (SessionKind kind, const gchar *session_id,
    const gchar *model, gint64 expires_at, gboolean any_model);
void config_free (Config *config);

/* All of it or, with a fault, nothing. */
gboolean config_update (
    Config *config, JsonObject *patch, const ConfigLocks *locks, Fault *fault);

/* A voice member as one name: a string, or the id of a custom voice. */
const gchar *config_voice_name (JsonNode *voice);

G_END_DECLS

#endif
