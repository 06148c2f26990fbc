/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody who talks, and of whom it is known when each word is said:
 * espeak-ng, which tells. Several voices, speeds and languages; the same
 * recital each time.
 */
#pragma once

#include "rt2types.h"

/* Where a word begins. */
typedef struct {
  gsize text;    /* byte */
  guint64 sound; /* sample */
} RecitalWord;

/* What is said without a break. */
typedef struct {
  gchar *text;
  GArray *words; /* RecitalWord, by both */
  Rt2AudioFormat format;
  GByteArray *sound;
  guint64 samples;
} Recital;

/* @n sentences, chosen by @rand, in one voice; the sound in @format. Aborts if
 * espeak-ng does not find its data. */
Recital *recital_new (GRand *rand, guint n, Rt2AudioFormat format);
void recital_free (Recital *recital);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Recital, recital_free)

/* The sample with which the word begins that has byte @text in it. */
guint64 recital_sample_of (const Recital *recital, gsize text);
/* The sample at which byte @text is about to be said, if all letters of a word
 * are as long. */
guint64 recital_sample_within (const Recital *recital, gsize text);
/* Words that are over when @samples have been heard. */
guint recital_words_until (const Recital *recital, guint64 samples);
