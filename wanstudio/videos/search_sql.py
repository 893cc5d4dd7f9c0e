"""SQL of the search index, for each kind of database: a view of words, triggers, and what finds them.

A row has the words of title, prompt and tags, and facts as words of their own (FACT, a letter, a value), so that
filters are found in the same look. No extension is needed: FTS5 is part of SQLite, and PostgreSQL gets a GIN index.
"""

# ruff: noqa: S608 (names of ours)

import re

TABLE, FTS, VIEW = "wanstudio_videowords", "wanstudio_search", "wanstudio_searched"
# A letter of Tifinagh, which is removed from people's text.
FACT = "\u2d65"
# Scripts without spaces between words (Thai, Lao, Myanmar, Khmer, kana, Han), and Hangul, which puts endings on them.
# Every letter of theirs begins a word of up to RUN letters; what is looked for is the beginning of one.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30fa\u30fc-\u318f"
    "\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U000323af"
)
RUN = 4
# On PostgreSQL a fact says which block of so many ids a video is in.
BLOCK = 16_384
# The name that SQLite knows `apart` by.
APART = "wanstudio_apart"
_LETTER = re.compile(f"[{UNSPACED}]")
# Word separators for PostgreSQL: all of ASCII but letters and digits.
SEPARATORS = (
    "\\u0001-\\u002f\\u003a-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b4\\u00b6-\\u00b9\\u00bb-\\u00bf\\u00d7\\u00f7"
    "\\u055a-\\u055f\\u060c\\u061b\\u061f\\u066a-\\u066d\\u06d4\\u0964\\u0965\\u2000-\\u206f\\u20a0-\\u20cf"
    "\\u2190-\\u2bff\\u3000-\\u3004\\u3008-\\u3020\\u3030\\u30fb\\ufe10-\\ufe6f\\uff00-\\uff0f\\uff1a-\\uff20"
    f"\\uff3b-\\uff40\\uff5b-\\uff65\\U0001f000-\\U0001faff{FACT}"
)
JOB_COLUMNS = ("title", "prompt", "team_id", "person_id", "character_id", "motion_id", "behaviour", "resolution")
# A table, when its rows change what is found, and whose videos those are.
EVENTS = (
    ("video", "INSERT", "VALUES (NEW.id)"),
    ("video", "DELETE", "VALUES (OLD.id)"),
    ("video", ("job_id", "archived_at", "approval", "binned_at IS NULL"), "VALUES (NEW.id)"),
    ("job", (*JOB_COLUMNS, "state = 'done'"), "SELECT id FROM wanstudio_video WHERE job_id = NEW.id"),
    ("video_tags", "INSERT", "VALUES (NEW.video_id)"),
    ("video_tags", "DELETE", "VALUES (OLD.video_id)"),
    ("tag", ("name", "key"), "SELECT video_id FROM wanstudio_video_tags WHERE tag_id = NEW.id"),
)
SHOWN = "FROM wanstudio_video v JOIN wanstudio_job j ON j.id = v.job_id WHERE v.binned_at IS NULL AND j.state = 'done'"


TAGS = "FROM wanstudio_video_tags vt JOIN wanstudio_tag t ON t.id = vt.tag_id WHERE vt.video_id = v.id"


def _text(join: str) -> str:
    names = f"SELECT {join}(t.name || ' ' || t.key, ' ') {TAGS}"
    return f"j.title || ' ' || j.prompt || ' ' || coalesce(({names}), '')"


def _facts(year: str, month: str, day: str) -> dict[str, str]:
    """SQL of each fact, by its letter."""
    facts = {"t": "j.team_id", "p": "j.person_id", "c": "j.character_id", "m": "j.motion_id"}
    facts |= {"a": "coalesce(v.approval, '')", "b": "j.behaviour", "r": "j.resolution"}
    return facts | {"y": year, "n": month, "d": day}


def _triggers(differs: str) -> list[tuple[str, str, str, str]]:
    """Of each: its name, `AFTER …` as far as the table, the condition, and the ids of the videos."""
    made = []
    for number, (table, event, ids) in enumerate(EVENTS):
        when = ""
        if isinstance(event, tuple):
            old, new = (", ".join(f"{row}.{column}" for column in event) for row in ("OLD", "NEW"))
            when = f"WHEN (({old}) {differs} ({new}))"
            event = f"UPDATE OF {', '.join(column.split()[0] for column in event)}"
        made.append((f"{VIEW}_{number}", f"AFTER {event} ON wanstudio_{table}", when, ids))
    return made


# --- SQLite -------------------------------------------------------------------------------------------


def sqlite(view: str) -> list[str]:
    """The triggers that keep the words, which are stored as they were written."""
    facts = _facts(*(f"replace(substr(v.archived_at, 1, {length}), '-', '')" for length in (4, 7, 10)))
    words = " || ".join(f"' {FACT}{letter}' || {value}" for letter, value in facts.items())
    words += f" || coalesce((SELECT group_concat(' {FACT}g' || t.id, '') {TAGS}), '')"
    text = f"replace({_text('group_concat')}, '{FACT}', ' ')"
    made = [f"CREATE VIEW {view} AS SELECT v.id AS video_id, {text} || {words} AS words {SHOWN}"]
    for name, after, when, ids in _triggers("IS NOT"):
        made.append(
            f"CREATE TRIGGER {name} {after} {when} BEGIN DELETE FROM {TABLE} WHERE video_id IN ({ids})"
            f" AND NOT EXISTS (SELECT 1 FROM {view} WHERE {view}.video_id = {TABLE}.video_id);"
            f" INSERT INTO {TABLE} (video_id, words) SELECT video_id, words FROM {view} WHERE video_id IN ({ids})"
            " ON CONFLICT (video_id) DO UPDATE SET words = excluded.words WHERE words <> excluded.words; END"
        )
    return made


def apart(text: str) -> str:
    """A text with its letters of UNSPACED apart, as `sql_apart` has it, ten times as fast: for very many at once."""
    return _LETTER.sub(lambda found: f" {text[found.start() : found.start() + RUN]} ", text)


def sql_apart(text: str) -> str:
    """The same in SQL, for triggers, which must not need a function that another program would not have."""
    letter = f"substr({text}, i, 1)"
    return (
        f"CASE WHEN {text} GLOB '*[{UNSPACED}]*' THEN (WITH RECURSIVE at(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM at"
        f" WHERE i < length({text})) SELECT group_concat(CASE WHEN {letter} GLOB '[{UNSPACED}]'"
        f" THEN ' ' || substr({text}, i, {RUN}) || ' ' ELSE {letter} END, '') FROM at) ELSE {text} END"
    )


def sqlite_fts() -> list[str]:
    """The index of the table. It keeps no text: what FTS5 takes out it is given again. It folds case, accents."""
    add = f"INSERT INTO {FTS}(rowid, words) VALUES (NEW.video_id, {sql_apart('NEW.words')});"
    take = f"INSERT INTO {FTS}({FTS}, rowid, words) VALUES ('delete', OLD.video_id, {sql_apart('OLD.words')});"
    return [
        f"CREATE VIRTUAL TABLE {FTS} USING fts5(words, content='', columnsize=0, prefix='1 2 3',"
        " tokenize=\"unicode61 remove_diacritics 2 categories 'L* M* N* Co'\")",
        f"INSERT INTO {FTS}(rowid, words) SELECT video_id, {APART}(words) FROM {TABLE}",
        f"CREATE TRIGGER {FTS}_i AFTER INSERT ON {TABLE} BEGIN {add} END",
        f"CREATE TRIGGER {FTS}_d AFTER DELETE ON {TABLE} BEGIN {take} END",
        f"CREATE TRIGGER {FTS}_u AFTER UPDATE ON {TABLE} BEGIN {take} {add} END",
    ]


# --- PostgreSQL ---------------------------------------------------------------------------------------


def postgres(view: str, collate: str) -> list[str]:
    """`collate`: of a collation whose `lower` knows every alphabet, if the database's own does not."""
    facts = _facts(*(f"to_char(v.archived_at AT TIME ZONE 'UTC', '{form}')" for form in ("YYYY", "YYYYMM", "YYYYMMDD")))
    facts["k"] = f"v.id / {BLOCK}"
    array = ", ".join(f"'{FACT}{letter}' || ({value})" for letter, value in facts.items())
    made = [
        # NFKD takes accents off their letters; NFC puts Hangul and kana together again.
        "CREATE OR REPLACE FUNCTION wanstudio_folded(given text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT"
        f" regexp_replace(normalize(regexp_replace(lower(normalize(given, NFKD) {collate}), '[\\u0300-\\u036f]', '',"
        f" 'g'), NFC), '[{SEPARATORS}]+', ' ', 'g') $$",
        "CREATE OR REPLACE FUNCTION wanstudio_words(given text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$"
        f" DECLARE folded text := wanstudio_folded(given); BEGIN IF folded ~ '[{UNSPACED}]' THEN"
        f" SELECT string_agg(CASE WHEN c ~ '[{UNSPACED}]' THEN ' ' || substr(folded, i::int, {RUN}) || ' ' ELSE c END,"
        " '' ORDER BY i) INTO folded FROM unnest(string_to_array(folded, NULL)) WITH ORDINALITY AS letters(c, i);"
        " END IF; RETURN array(SELECT DISTINCT left(w, 200) FROM regexp_split_to_table(folded, '\\s+') w"
        " WHERE w <> ''); END $$",
        f"CREATE VIEW {view} AS SELECT v.id AS video_id,"
        f" array_to_tsvector(wanstudio_words({_text('string_agg')}) || ARRAY[{array}]"
        f" || array(SELECT '{FACT}g' || t.id {TAGS})) AS words {SHOWN}",
        # The videos' rows first: of two who change one at once, the second sees what the first has written.
        "CREATE OR REPLACE FUNCTION wanstudio_index(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM 1 FROM wanstudio_video WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;"
        f" DELETE FROM {TABLE} w WHERE video_id = ANY(ids)"
        f" AND NOT EXISTS (SELECT 1 FROM {view} v WHERE v.video_id = w.video_id);"
        f" INSERT INTO {TABLE} (video_id, words) SELECT video_id, words FROM {view} WHERE video_id = ANY(ids)"
        f" ON CONFLICT (video_id) DO UPDATE SET words = excluded.words WHERE {TABLE}.words <> excluded.words; END $$",
        # Statistics of some words would say much about all others.
        f"ALTER TABLE {TABLE} ALTER COLUMN words SET STATISTICS 0",
    ]
    for name, after, when, ids in _triggers("IS DISTINCT FROM"):
        made += [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM wanstudio_index(array({ids})); RETURN NULL; END $$",
            f"DROP TRIGGER IF EXISTS {name} ON {after.split()[-1]}",
            f"CREATE TRIGGER {name} {after} FOR EACH ROW {when} EXECUTE FUNCTION {name}()",
        ]
    return made


POSTGRES_INDEX = f"CREATE INDEX IF NOT EXISTS {FTS} ON {TABLE} USING gin (words) WITH (fastupdate = off)"
