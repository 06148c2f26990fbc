/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The user's words, of WORLD_PIECE_MS each: every one has a number, which its
 * samples hold. So it is known which turn holds which of them, on any
 * connection, and what became of it: nobody answers a word twice, none is in a
 * conversation twice, and what is to be answered is.
 */
#include "world.h"

/* Eight samples, a millisecond, hold the number; all of them are loud. */
#define DIGIT 0xa0
#define SILENT_BYTE 0xff

typedef struct {
  guint connection; /* the last that was told it, in sound or as an item */
  Item *item;       /* the last that holds it, or NULL */
  gboolean over;    /* answered, or taken back: nobody is to hear it again */
  gboolean due;     /* the client committed it */
  gboolean begun;   /* its turn was, and its connection is gone */
  gboolean excused; /* and the user interrupted since */
} Word;

typedef void (*WordFunc) (World *world, guint number);

static Word *
word_of (World *world, guint number)
{
  WORLD_CHECK (world, number < world->words->len);
  return &g_array_index (world->words, Word, number);
}

GArray *
world_words_new (void)
{
  return g_array_new (FALSE, TRUE, sizeof (Word));
}

void
world_words_say (World *world, guint8 *samples, gsize size)
{
  guint number = world->words->len;

  g_array_set_size (world->words, number + 1);
  for (gsize i = 0; i < size; i++)
    samples[i] = DIGIT | (number >> (i % 8 * 4) & 0xf);
}

static guint
number_in (const guint8 *samples)
{
  guint number = 0;

  for (guint i = 0; i < 8; i++)
    number |= (guint) (samples[i] & 0xf) << (i * 4);
  return number;
}

/* Every word in @audio, once. */
static void
for_each (World *world, const guint8 *audio, gsize size, WordFunc func)
{
  guint last = G_MAXUINT;

  for (gsize i = 0; i + 8 <= size; i += 8) {
    guint number = number_in (audio + i);

    if (audio[i] == SILENT_BYTE || number == last)
      continue;
    last = number;
    func (world, number);
  }
}

/* --- the client says it --- */

static void
tell_word (World *world, guint number)
{
  Word *word = word_of (world, number);

  if (word->over || word->connection == world->connection)
    world_log (
        world, "word %u of connection %u again", number, word->connection);
  WORLD_CHECK (world, !word->over);
  WORLD_CHECK (world, word->connection != world->connection);
  word->connection = world->connection;
}

void
world_words_sent (World *world, const guint8 *audio, gsize size)
{
  for_each (world, audio, size, tell_word);
}

void
world_words_commit (World *world)
{
  for (guint i = 0; i < world->words->len; i++) {
    Word *word = word_of (world, i);

    if (word->connection != world->connection || word->over
        || (word->item && word->item->connection == world->connection))
      continue;
    word->due = TRUE;
    word->excused = FALSE;
  }
}

void
world_words_clear (World *world)
{
  for (guint i = 0; i < world->words->len; i++) {
    Word *word = word_of (world, i);

    if (word->connection == world->connection && !word->due)
      word->over |= !(
          word->item && word->item->connection == world->connection);
  }
}

/* The client makes @item on another connection than where it was said: the next
 * answer there is to it, too. */
void
world_words_restored (World *world, Item *item)
{
  item->connection = world->connection;
  item->covered = NULL;
  for (guint i = 0; item->words && i < item->words->len; i++) {
    Word *word = word_of (world, g_array_index (item->words, guint, i));

    WORLD_CHECK (world, word->connection != world->connection);
    WORLD_CHECK (world, word->item == item);
    word->connection = world->connection;
  }
}

/* --- the server hears it --- */

static void
hear_word (World *world, guint number)
{
  HeardWord heard = { number, world->appended };

  g_array_append_val (world->heard, heard);
}

void
world_words_heard (World *world, const guint8 *audio, gsize size)
{
  for_each (world, audio, size, hear_word);
}

/* What was heard before a turn begins is in none. */
void
world_words_committed (World *world, Item *item, guint64 from)
{
  item->words = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < world->heard->len; i++) {
    HeardWord heard = g_array_index (world->heard, HeardWord, i);

    if (heard.at < from)
      continue;
    g_array_append_val (item->words, heard.number);
    word_of (world, heard.number)->item = item;
  }
  g_array_set_size (world->heard, 0);
}

/* @answer is to all that was said before it. */
void
world_words_covered (World *world, Answer *answer)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    /* One that comes to nobody's ears answers nothing. */
    if (item->kind == ITEM_USER && item->connection == world->connection
        && (!item->covered || item->covered->born_dead))
      item->covered = answer;
  }
}

/* --- what the client knows of it --- */

static void
finish (World *world, Item *item)
{
  item->over = TRUE;
  item->owed = FALSE;
  for (guint i = 0; i < item->words->len; i++)
    word_of (world, g_array_index (item->words, guint, i))->over = TRUE;
}

void
world_words_told (World *world, Item *item)
{
  item->known = TRUE;
  for (guint i = 0; world->setup.create_response && i < item->words->len; i++)
    item->owed |=
        !word_of (world, g_array_index (item->words, guint, i))->excused;
}

void
world_words_dismissed (World *world, Item *item)
{
  finish (world, item);
}

/* Nobody is to answer @answer's turns again. */
void
world_words_answered (World *world, const Answer *answer)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_USER && item->known && item->covered == answer
        && !answer->born_dead)
      finish (world, item);
  }
}

/* A turn that waits for its answer has the next one's, or none. */
void
world_words_interrupted (World *world)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->kind != ITEM_USER || item->connection != world->connection)
      continue;
    if (item->known && item->covered && item->covered->told
        && item->covered->dead && !item->covered->born_dead)
      finish (world, item);
    else if (item->known && !world->plain_lasts)
      item->owed = FALSE;
  }
  for (guint i = 0; !world->plain_lasts && i < world->words->len; i++)
    word_of (world, i)->excused |= word_of (world, i)->due;
}

/* What was refused for good is not asked for again. */
void
world_words_refused (World *world)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->connection == world->connection)
      item->owed = FALSE;
  }
}

/* The client was told that a turn is open: its words are said again, wherever
 * they were on their way. */
void
world_words_cut_off (World *world)
{
  for (guint i = 0; i < world->heard->len; i++) {
    HeardWord heard = g_array_index (world->heard, HeardWord, i);

    if (world->hears && heard.at >= world->turn_start)
      word_of (world, heard.number)->begun = TRUE;
  }
  for (guint i = 0; i < world->items->len; i++) {
    const Item *item = g_ptr_array_index (world->items, i);

    if (item->kind != ITEM_USER || item->connection != world->connection
        || item->known)
      continue;
    for (guint j = 0; j < item->words->len; j++)
      word_of (world, g_array_index (item->words, guint, j))->begun = TRUE;
  }
}

/* --- the end --- */

void
world_words_end (World *world)
{
  for (guint i = 0; i < world->items->len; i++)
    ((Item *) g_ptr_array_index (world->items, i))->owed = FALSE;
  for (guint i = 0; i < world->words->len; i++)
    word_of (world, i)->due = word_of (world, i)->begun = FALSE;
}

static void
check_item (World *world, const Item *item)
{
  if (item->owed && item->connection == world->connection)
    world_log (world, "no answer to %s", item->id);
  WORLD_CHECK (world, !item->owed || item->connection != world->connection);
  for (guint i = 0; item->owed && i < item->words->len; i++) {
    guint number = g_array_index (item->words, guint, i);
    const Word *word = word_of (world, number);

    if (word->item == item)
      world_log (world, "word %u of %s is lost", number, item->id);
    WORLD_CHECK (world, word->item != item && word->item->known);
  }
}

void
world_words_check (World *world)
{
  gboolean vad = world->setup.turn_detection != RT2_TURN_DETECTION_NONE;

  for (guint i = 0; i < world->items->len; i++) {
    const Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_USER && item->known)
      check_item (world, item);
  }
  for (guint i = 0; i < world->words->len; i++) {
    const Word *word = word_of (world, i);
    gboolean due = vad ? word->begun : word->due;

    if (due && !(word->item && word->item->known))
      world_log (world, "word %u of a turn is lost", i);
    WORLD_CHECK (world, !due || (word->item && word->item->known));
  }
}
